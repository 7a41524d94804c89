const right = (text) => JSON.parse(text);
const wrong = {
  evaluates: (text) => new Function(`return (${text})`)(),
  takesCommasAtTheEnd: (text) => JSON.parse(text.replace(/,\s*([\]}])/g, "$1")),
  takesComments: (text) => JSON.parse(text.replace(/\/\/.*|\/\*[^]*?\*\//g, "")),
};

module.exports = { right, wrong };
