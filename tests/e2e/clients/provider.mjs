// A certified OpenID Connect provider with two people and one client, for the sign-in tests.
// usage: node provider.mjs NODE_MODULES REDIRECT_URL; says its address, then obeys lines of stdin:
// "rotate" takes other signing keys, anything else is ignored, the end of stdin ends it.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [modules, redirect] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

const people = {
  ana: { email: 'ana@example.com', email_verified: true, groups: ['staff', 'ops'] },
  eve: { email: 'eve@example.com', email_verified: false, groups: ['staff'] },
};

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function provider(issuer) {
  return new Provider(issuer, {
    clients: [
      {
        client_id: 'headgate',
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: [redirect],
        grant_types: ['authorization_code', 'client_credentials'],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    cookies: { keys: ['a key for the cookies of a test'] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'admin',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: resource.includes('brief') ? 1 : 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: () => ({ groups: ['robots'] }),
    findAccount: (_, id) =>
      people[id] && { accountId: id, claims: async () => ({ sub: id, ...people[id] }) },
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, IdToken: 300, AuthorizationCode: 60 },
  });
}

let answer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  answer = provider(issuer).callback();
  console.log(issuer);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line === 'rotate') {
      answer = provider(issuer).callback();
      console.log('rotated');
    }
  });
  lines.on('close', () => process.exit(0));
});
