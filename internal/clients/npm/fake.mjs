// What run.mjs says of the fake that the tests meet.
export const { FAKE_BASE: base, FAKE_TENANT: tenant, FAKE_APPLICATION: application, FAKE_SECRET: secret, FAKE_ACCOUNT: account, FAKE_PASSWORD: password } = process.env;
export const scope = 'https://graph.microsoft.com/.default';
export const host = new URL(base).hostname;

// name is unlike any other of the run.
export const name = (what) => `${what} ${Math.random().toString(36).slice(2, 10)}`;
