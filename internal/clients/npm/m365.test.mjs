import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { account, application, secret, tenant } from './fake.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const env = { ...process.env, NODE_OPTIONS: `--require ${join(here, 'redirect.cjs')}`, CLIMICROSOFT365_NOUPDATE: '1' };

// m365 runs one command of the CLI and returns what it printed as JSON.
async function m365(...args) {
  const { stdout } = await promisify(execFile)(join(here, 'node_modules/.bin/m365'), [...args, '--output', 'json'], { env });
  return stdout.trim() === '' ? null : JSON.parse(stdout);
}

before(async () => {
  await m365('cli', 'config', 'set', '--key', 'disableTelemetry', '--value', 'true');
  await m365('login', '--authType', 'secret', '--appId', application, '--tenant', tenant, '--secret', secret);
});

test('the CLI is signed in', async () => {
  assert.equal((await m365('status')).appId, application);
});

test('the CLI lists users', async () => {
  const users = await m365('entra', 'user', 'list');
  assert.ok(users.some((user) => user.userPrincipalName === account));
});

test('the CLI reads a user by name', async () => {
  assert.equal((await m365('entra', 'user', 'get', '--userName', account)).userPrincipalName, account);
});

test('the CLI lists policies', async () => {
  const found = await m365('entra', 'policy', 'list', '--type', 'conditionalAccess');
  assert.ok(found.some((policy) => policy.displayName === 'MFA for everyone'));
});

test('the CLI adds a group and removes it', async () => {
  const group = await m365('entra', 'group', 'add', '--displayName', 'From the CLI', '--type', 'security', '--mailNickname', 'fromthecli');
  const groups = await m365('entra', 'group', 'list');
  assert.ok(groups.some((other) => other.id === group.id));
  await m365('entra', 'group', 'remove', '--id', group.id, '--force');
});

test('the CLI asks Graph for anything', async () => {
  const answer = await m365('request', '--url', 'https://graph.microsoft.com/beta/policies/identitySecurityDefaultsEnforcementPolicy');
  assert.equal(answer.isEnabled, false);
});
