// A real OpenID provider on this machine, for tests: whoever names an account may be it. Started with the folder of the
// page's packages, the address to send browsers back to, and the one that hears of a logout. Says its issuer on a line of
// its own; a request to /test/rotate gives it new keys, and keeps the old ones out.
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, back, ended] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(join(modules, "oidc-provider", "lib", "index.js")).href);
const { subtle } = globalThis.crypto;

async function keys(name) {
  const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  return { keys: [{ ...(await subtle.exportKey("jwk", pair.privateKey)), key_ops: undefined, use: "sig", alg: "ES256", kid: name }] };
}

async function made(issuer, name) {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "cairn",
      client_secret: "a secret: of ours & theirs",
      redirect_uris: [back],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      id_token_signed_response_alg: "ES256",
      post_logout_redirect_uris: [new URL("/", back).href],
      backchannel_logout_uri: ended,
      backchannel_logout_session_required: true,
      require_auth_time: true,
    }],
    jwks: await keys(name),
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    pkce: { required: () => true },
    acrValues: ["urn:test:strong"],
    cookies: { keys: ["of a test"] },
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  });
  return provider.callback();
}

let answer;
let turns = 0;
const server = createServer(async (request, response) => {
  if (request.url !== "/test/rotate") return answer(request, response);
  answer = await made(issuer, `key-${++turns}`);
  response.end();
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
answer = await made(issuer, "key-0");
console.log(`issuer ${issuer}`);
process.stdin.resume().on("end", () => process.exit(0));
