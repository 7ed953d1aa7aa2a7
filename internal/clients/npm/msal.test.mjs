import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node';
import { account, application, base, password, scope, secret, tenant } from './fake.mjs';

const authority = `${base}/${tenant}`;
const auth = { clientId: application, authority, knownAuthorities: [new URL(base).host] };

test('MSAL keeps the token that a secret gives', async () => {
  const client = new ConfidentialClientApplication({ auth: { ...auth, clientSecret: secret } });
  const first = await client.acquireTokenByClientCredential({ scopes: [scope] });
  const second = await client.acquireTokenByClientCredential({ scopes: [scope] });
  assert.equal(first.fromCache, false);
  assert.equal(second.fromCache, true);
  assert.equal(second.accessToken, first.accessToken);
});

test('MSAL reads the account from the id token', async () => {
  const client = new PublicClientApplication({ auth });
  const answer = await client.acquireTokenByUsernamePassword({ scopes: ['openid', 'profile', 'User.Read'], username: account, password });
  assert.equal(answer.account.username, account);
  assert.equal(answer.tenantId, tenant);
});

test('MSAL names the number of a refusal', async () => {
  const client = new PublicClientApplication({ auth });
  const refused = client.acquireTokenByUsernamePassword({ scopes: ['User.Read'], username: account, password: 'wrong' });
  await assert.rejects(refused, (error) => error.errorCode === 'invalid_grant' && /AADSTS50126/.test(error.errorMessage));
});

test('MSAL says what MFA stands behind', async () => {
  const client = new PublicClientApplication({ auth });
  const confidential = new ConfidentialClientApplication({ auth: { ...auth, clientSecret: secret } });
  const { accessToken } = await confidential.acquireTokenByClientCredential({ scopes: [scope] });
  const given = 'Correct-Horse-7-Battery';
  const set = await fetch(`${base}/v1.0/users/bob@contoso.com`, {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ passwordProfile: { password: given, forceChangePasswordNextSignIn: false } }),
  });
  assert.equal(set.status, 204);
  const refused = client.acquireTokenByUsernamePassword({ scopes: ['User.Read'], username: 'bob@contoso.com', password: given });
  await assert.rejects(refused, (error) => /AADSTS5007[269]/.test(error.errorMessage) && /capolids/.test(error.claims));
});
