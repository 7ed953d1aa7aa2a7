// Leads TLS connections for Microsoft's hosts to the fake, by their own names.
const tls = require('node:tls');

const { hostname, port } = new URL(process.env.FAKE_BASE);
const hosts = ['graph.microsoft.com', 'login.microsoftonline.com'];
const connect = tls.connect;

tls.connect = function (...args) {
  const [options] = args;
  if (options && hosts.includes(options.host)) {
    args[0] = { ...options, servername: options.host, host: hostname, port: Number(port) };
  }
  return connect.apply(this, args);
};
