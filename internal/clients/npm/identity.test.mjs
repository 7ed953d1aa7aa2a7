import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSecretCredential, UsernamePasswordCredential } from '@azure/identity';
import { account, application, base, password, scope, secret, tenant } from './fake.mjs';

const options = { authorityHost: base, disableInstanceDiscovery: true };

test('a client secret gives a token', async () => {
  const token = await new ClientSecretCredential(tenant, application, secret, options).getToken(scope);
  assert.ok(token.expiresOnTimestamp > Date.now());
  const answer = await fetch(`${base}/v1.0/users?$top=1`, { headers: { Authorization: `Bearer ${token.token}` } });
  assert.equal(answer.status, 200);
});

test('a wrong secret is AADSTS7000215', async () => {
  const credential = new ClientSecretCredential(tenant, application, 'no secret', options);
  await assert.rejects(credential.getToken(scope), /7000215/);
});

test('another tenant is AADSTS90002', async () => {
  const credential = new ClientSecretCredential('99999999-9999-4999-8999-999999999999', application, secret, options);
  await assert.rejects(credential.getToken(scope), /90002|endpoints_resolution_error/);
});

test('an exempt account signs in with its password', async () => {
  const token = await new UsernamePasswordCredential(tenant, application, account, password, options).getToken(scope);
  assert.ok(token.token);
});
