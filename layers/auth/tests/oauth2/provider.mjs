// An authorization server for the tests: `node server.mjs FOLDER`, where FOLDER has oidc-provider in its
// node_modules. Prints `listening on PORT`. Signs everybody in; ends with its standard input.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.argv[2], 'package.json'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const codes = ['authorization_code', 'refresh_token'];
const device = 'urn:ietf:params:oauth:grant-type:device_code';
const key = JSON.parse(process.env.CLIENT_KEY ?? 'null');

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      // An id and a secret that only a form's encoding brings across.
      { client_id: 'robot:1+%', client_secret: 'secret +%/:&=', grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
      { client_id: 'poster', client_secret: 'secret-of-poster', token_endpoint_auth_method: 'client_secret_post', grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
      { client_id: 'program', token_endpoint_auth_method: 'none', application_type: 'native', grant_types: [...codes, device], response_types: ['code'], redirect_uris: ['http://127.0.0.1/callback'] },
      ...(key ? [{ client_id: 'signer', token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', grant_types: ['client_credentials'], response_types: [], redirect_uris: [], jwks: { keys: [key] } }] : []),
    ],
    scopes: ['openid', 'offline_access', 'read', 'write'],
    features: { clientCredentials: { enabled: true }, deviceFlow: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: false } },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    pkce: { required: () => true },
    ttl: { AccessToken: 600, ClientCredentials: 600 },
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid offline_access read write');
      await grant.save();
      return grant;
    },
  });
  const own = provider.callback();
  server.on('request', (request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  async function answer(request, response) {
    // Instead of a user who fills the form in.
    const signIn = request.url.match(/^\/interaction\/[^/]+$/);
    if (signIn && request.method === 'GET') {
      await provider.interactionFinished(request, response, { login: { accountId: 'alice' }, consent: {} });
    } else if (request.url.startsWith('/approve?')) {
      // Instead of a user with another device.
      const userCode = new URL(request.url, issuer).searchParams.get('user_code').replace(/\W/g, '');
      const code = await provider.DeviceCode.findByUserCode(userCode);
      const grant = new provider.Grant({ clientId: code.clientId, accountId: 'alice' });
      grant.addOIDCScope('openid offline_access read');
      Object.assign(code, { accountId: 'alice', grantId: await grant.save(), scope: 'openid offline_access', authTime: 1, claims: {}, error: undefined });
      await code.save();
      response.end();
    } else {
      own(request, response);
    }
  }
  console.log(`listening on ${port}`);
});
process.stdin.on('end', () => process.exit()).resume();
