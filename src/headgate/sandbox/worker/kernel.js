// A JavaScript session: runs one cell after another and keeps what they declared.
//
// Rule 1: file descriptor 3, or the socket that is named, speaks one line of JSON each way:
// {"code"} in, {"ok", "value"} out.
// Rule 2: a name may be declared again in a later cell; await and import stand anywhere.
// Rule 3: what a cell left running may fail later: that is written to stderr and ends nothing.

'use strict'

const fs = require('node:fs')
const inspector = require('node:inspector')
const net = require('node:net')
const path = require('node:path')
const { createRequire } = require('node:module')
const { pathToFileURL } = require('node:url')
const util = require('node:util')

const LONGEST_VALUE = 64 * 1024
const IMPORT = '__import'

const session = new inspector.Session()
session.connect()

const post = (method, params) =>
  new Promise((resolve, reject) =>
    session.post(method, params, (error, reply) => (error ? reject(error) : resolve(reply))))

const here = path.join(process.cwd(), 'cell.js')
globalThis.require = createRequire(here)
hide(IMPORT, (name) =>
  import(/^\.{0,2}\//.test(name) ? pathToFileURL(path.resolve(name)).href : name))

function hide(name, value) {
  Object.defineProperty(globalThis, name, { value, enumerable: false, configurable: true })
}

// Where code stands and not text: strings, templates, comments and patterns become spaces.
function bare(code) {
  const text =
    /\/\/.*|\/\*[^]*?\*\/|'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`|(?<=(?:^|[=(,:;!&|?{}[\n]|\breturn)[ \t]*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g
  return code.replace(text, (found) => found.replace(/[^\n]/g, ' '))
}

const STATIC =
  /^([ \t]*)import\b(?!\s*[(.])\s*(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)\s*|\{([^}]*)\}\s*)?(?:from\s*)?(['"])([^'"\n]+)\5[ \t]*;?/gm

// import stands in modules alone: say the same in words that a cell may use.
function loosened(code) {
  if (!code.includes('import')) return code
  const plain = bare(code)
  const dynamic = []
  for (const found of plain.matchAll(/(?<![\w$.])import(?=\s*\()/g)) dynamic.push(found.index)
  for (const at of dynamic.reverse()) code = code.slice(0, at) + IMPORT + code.slice(at + 6)
  const shown = bare(code)
  return code.replace(STATIC, (whole, space, first, all, some, _quote, name, at) => {
    if (!/^[ \t]*import/.test(shown.slice(at, at + whole.length))) return whole
    const loaded = `await ${IMPORT}(${JSON.stringify(name)})`
    const names = [
      ...(first ? [`default: ${first}`] : []),
      ...(some ? some.split(',').map((it) => it.trim().replace(/\s+as\s+/, ': ')) : []),
    ].filter(Boolean)
    const parts = []
    if (all) parts.push(`const ${all} = ${loaded};`)
    if (names.length) parts.push(`const { ${names.join(', ')} } = ${loaded};`)
    return space + (parts.join(' ') || `${loaded};`)
  })
}

const SHOW = Symbol('show')
let shown = null
hide(SHOW, (value) => {
  shown = util.inspect(value, { depth: 4, maxStringLength: 10_000 })
})

// How a value is shown; null: nothing is to be shown.
async function show(result) {
  if (result.type === 'undefined') return null
  if (result.objectId === undefined) {
    const plain = result.unserializableValue
    return plain === undefined ? util.inspect(result.value) : plain
  }
  if (result.type === 'symbol') return result.description
  shown = null
  await post('Runtime.callFunctionOn', {
    objectId: result.objectId,
    functionDeclaration: `function () {
      for (const it of Object.getOwnPropertySymbols(globalThis))
        if (it.description === 'show') return globalThis[it](this)
    }`,
  })
  return shown
}

// An error as its author would read it: frames of ours are left out.
function told(details) {
  const { exception } = details
  const text = (exception && exception.description) || (exception && 'value' in exception
    ? util.inspect(exception.value) : details.text)
  const lines = String(text).split('\n')
  const ours = lines.findIndex((line) => /^\s+at .*(node:inspector|\[eval\])/.test(line))
  if (ours >= 0) lines.length = ours
  if (exception && exception.className === 'SyntaxError')
    lines.push(`    at cell:${details.lineNumber + 1}:${details.columnNumber + 1}`)
  return `Uncaught ${lines.join('\n')}\n`
}

function complain(text) {
  try {
    fs.writeSync(2, text)
  } catch {
    // whoever read it is gone
  }
}

let count = 0

async function run(code) {
  count += 1
  try {
    const reply = await post('Runtime.evaluate', {
      expression: `${loosened(code)}\n//# sourceURL=cell-${count}`,
      replMode: true,
      awaitPromise: true,
      objectGroup: 'cell',
    })
    if (reply.exceptionDetails) {
      complain(told(reply.exceptionDetails))
      return { ok: false, value: null }
    }
    const value = await show(reply.result)
    return { ok: true, value: value && value.slice(0, LONGEST_VALUE) }
  } catch (error) {
    complain(`${error && error.stack ? error.stack : util.inspect(error)}\n`)
    return { ok: false, value: null }
  } finally {
    await post('Runtime.releaseObjectGroup', { objectGroup: 'cell' }).catch(() => {})
  }
}

process.on('uncaughtException', (error) => complain(`Uncaught ${util.inspect(error)}\n`))
process.on('unhandledRejection', (error) => complain(`Uncaught ${util.inspect(error)}\n`))

const named = process.env.HEADGATE_LINE
delete process.env.HEADGATE_LINE
const orders = named ? net.connect(named) : new net.Socket({ fd: 3, readable: true, writable: true })
let heard = ''
let before = Promise.resolve()
orders.setEncoding('utf8')
orders.on('data', (text) => {
  heard += text
  for (let end = heard.indexOf('\n'); end >= 0; end = heard.indexOf('\n')) {
    const { code } = JSON.parse(heard.slice(0, end))
    heard = heard.slice(end + 1)
    before = before.then(async () => orders.write(`${JSON.stringify(await run(code))}\n`))
  }
})
orders.on('close', () => process.exit(0))
orders.on('error', () => process.exit(0))
