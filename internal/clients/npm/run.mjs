// Starts fakegraph and runs the tests against it. The authority's certificate has to be
// trusted before Node starts, so the tests run in a process of their own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'entramfa-'));
const program = join(folder, 'fakegraph');
const authority = join(folder, 'authority.pem');

function build() {
  const built = spawnSync('go', ['build', '-o', program, './examples/fakegraph'], { cwd: join(here, '../../..'), stdio: 'inherit' });
  if (built.status !== 0) throw new Error('go build failed');
}

// started resolves with what the program says of itself, by the name of the row.
function started(fake) {
  return new Promise((resolve, reject) => {
    let text = '';
    fake.stdout.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('\n\n')) return;
      const rows = text.split('\n\n')[0].split('\n');
      resolve(Object.fromEntries(rows.map((row) => [row.slice(0, 13).trim(), row.slice(13)])));
    });
    fake.on('exit', (code) => reject(new Error(`fakegraph ended with ${code}`)));
  });
}

function environment(rows) {
  const [application, secret] = rows.Application.split(/, secret | \(/);
  const [account, password] = rows.Account.split(/, password | \(/);
  return {
    ...process.env,
    NODE_EXTRA_CA_CERTS: authority,
    FAKE_BASE: rows.Graph.split('/v1.0')[0],
    FAKE_TENANT: rows.Tenant,
    FAKE_APPLICATION: application,
    FAKE_SECRET: secret,
    FAKE_ACCOUNT: account,
    FAKE_PASSWORD: password,
    HOME: folder, // the CLI keeps its sign-in there
  };
}

function tested(env) {
  const files = readdirSync(here).filter((name) => name.endsWith('.test.mjs')).map((name) => join(here, name));
  return new Promise((resolve) => spawn(process.execPath, ['--test', ...files], { env, stdio: 'inherit' }).on('exit', resolve));
}

build();
const hosts = 'graph.microsoft.com,login.microsoftonline.com';
const fake = spawn(program, ['-listen', '127.0.0.1:0', '-hosts', hosts, '-ca', authority], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  process.exitCode = (await tested(environment(await started(fake)))) ?? 1;
} finally {
  fake.removeAllListeners('exit');
  fake.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
