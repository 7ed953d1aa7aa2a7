import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSecretCredential } from '@azure/identity';
import { BatchRequestContent, BatchResponseContent, Client, PageIterator } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
import { application, base, host, name, scope, secret, tenant } from './fake.mjs';

const credential = new ClientSecretCredential(tenant, application, secret, { authorityHost: base, disableInstanceDiscovery: true });
const client = Client.initWithMiddleware({
  authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [scope] }),
  baseUrl: `${base}/`,
  customHosts: new Set([host]),
});
const policies = '/identity/conditionalAccess/policies';

test('policies are written and read', async () => {
  const displayName = name('Require MFA');
  const made = await client.api(policies).post({
    displayName,
    state: 'disabled',
    conditions: { users: { includeUsers: ['All'] }, applications: { includeApplications: ['All'] }, clientAppTypes: ['all'] },
    grantControls: { operator: 'OR', builtInControls: ['mfa'] },
  });
  await client.api(`${policies}/${made.id}`).patch({ state: 'enabledForReportingButNotEnforced' });
  const found = await client.api(policies).filter(`displayName eq '${displayName}'`).select('id,state').get();
  assert.deepEqual(found.value.map((p) => p.state), ['enabledForReportingButNotEnforced']);
  const beta = await client.api(`${policies}/${made.id}`).version('beta').get();
  assert.equal(beta.id, made.id);
  await client.api(`${policies}/${made.id}`).delete();
  await assert.rejects(client.api(`${policies}/${made.id}`).get(), (error) => error.statusCode === 404);
});

test('users are counted, ordered, searched, and paged', async () => {
  const made = [];
  for (let i = 0; i < 5; i++) {
    made.push(await client.api('/users').post({
      accountEnabled: true, displayName: `Page ${i}`, mailNickname: `page${i}`, userPrincipalName: `page${i}@contoso.com`,
      passwordProfile: { password: 'Correct-Horse-7-Battery', forceChangePasswordNextSignIn: true },
    }));
  }
  const eventual = (path) => client.api(path).header('ConsistencyLevel', 'eventual').count(true);
  const ordered = await eventual('/users').filter("startswith(displayName,'Page')").orderby('displayName desc').top(2).get();
  assert.equal(ordered['@odata.count'], 5);
  assert.deepEqual(ordered.value.map((u) => u.displayName), ['Page 4', 'Page 3']);
  const seen = [];
  const pages = new PageIterator(client, ordered, (user) => seen.push(user.displayName), { headers: { ConsistencyLevel: 'eventual' } });
  await pages.iterate();
  assert.deepEqual(seen, ['Page 4', 'Page 3', 'Page 2', 'Page 1', 'Page 0']);
  const searched = await eventual('/users').search('"displayName:Page"').get();
  assert.equal(searched.value.length, 5);
  for (const user of made) await client.api(`/users/${user.id}`).delete();
});

test('a batch is answered item by item', async () => {
  const request = (path) => new Request(`${base}${path}`, { method: 'GET' }); // the version is the batch's
  const content = new BatchRequestContent([
    { id: '1', request: request('/organization') },
    { id: '2', request: request('/users/nobody@contoso.com'), dependsOn: ['1'] },
    { id: '3', request: request('/subscribedSkus'), dependsOn: ['1'] },
  ]);
  const answers = new BatchResponseContent(await client.api('/$batch').post(await content.getContent()));
  assert.deepEqual(['1', '2', '3'].map((id) => answers.getResponseById(id).status), [200, 404, 200]);
});

test('a group gets a member', async () => {
  const user = (await client.api('/users').top(1).get()).value[0];
  const group = await client.api('/groups').post({ displayName: name('Group'), mailEnabled: false, mailNickname: 'group', securityEnabled: true });
  await client.api(`/groups/${group.id}/members/$ref`).post({ '@odata.id': `${base}/v1.0/directoryObjects/${user.id}` });
  const members = await client.api(`/groups/${group.id}/members`).get();
  assert.deepEqual(members.value.map((m) => m.id), [user.id]);
  const groups = await client.api(`/users/${user.id}/getMemberGroups`).post({ securityEnabledOnly: true });
  assert.ok(groups.value.includes(group.id));
  await client.api(`/groups/${group.id}/members/${user.id}/$ref`).delete();
  await client.api(`/groups/${group.id}`).delete();
});

test('an error has the code of Graph', async () => {
  await assert.rejects(client.api('/users/nobody@contoso.com').get(), (error) => error.code === 'Request_ResourceNotFound' && error.requestId !== null);
});
