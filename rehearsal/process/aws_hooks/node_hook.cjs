// Loaded by every Node program of a rehearsal: redirects connections to AWS to the emulator, or refuses them.
//
// All connections of Node, including https, fetch and http2, use this one method. Reads the emulator's ports at the first
// connection, so that other programs lose no time.
'use strict';

const net = require('node:net');

const PORTS = { 80: 0, 443: 1 };
const LOCAL = ['localhost', '127.0.0.1', '::1'];
const connect = net.Socket.prototype.connect;
let rows;

function known(row) {
  if (rows === undefined) {
    const fs = require('node:fs');
    const path = require('node:path');
    const lines = fs.readFileSync(path.join(__dirname, 'emulator.txt'), 'ascii').trim().split('\n');
    rows = Object.fromEntries(lines.map((line) => line.split(' ')).map(([name, ...words]) => [name, words]));
  }
  return rows[row];
}

/** Return the new target of a connection, undefined to leave it unchanged, or an Error to refuse it. */
function redirect(host, port) {
  const name = String(host).toLowerCase().replace(/\.$/, '');
  if (LOCAL.includes(name)) return undefined;
  const isMetadata = known('metadata').includes(name);
  if (!isMetadata && !known('suffixes').some((suffix) => name === suffix || name.endsWith(`.${suffix}`))) return undefined;
  if (isMetadata || !(port in PORTS)) {
    return new Error(`call to ${name}, port ${port}, refused: the rehearsal lets no call reach AWS`);
  }
  return { host: '127.0.0.1', port: Number(known('ports')[PORTS[port]]) };
}

net.Socket.prototype.connect = function (...given) {
  // net.connect passes one marked array of options and callback; other callers pass any of the documented arguments.
  const wrapped = Array.isArray(given[0]);
  const listed = wrapped ? given[0] : given;
  let [options, ...rest] = listed;
  if (typeof options !== 'object' || options === null) {
    if (typeof listed[1] !== 'string') return connect.apply(this, given);
    options = { port: Number(listed[0]), host: listed[1] };
    rest = listed.slice(2);
  }
  if (!options.host || options.path) return connect.apply(this, given);
  const there = redirect(options.host, options.port);
  if (there === undefined) return connect.apply(this, given);
  if (there instanceof Error) {
    process.nextTick(() => this.destroy(there));
    return this;
  }
  const next = [{ ...options, ...there, lookup: undefined }, ...rest];
  return connect.apply(this, wrapped ? [Object.assign(next, marks(listed))] : next);
};

function marks(list) {
  return Object.fromEntries(Object.getOwnPropertySymbols(list).map((symbol) => [symbol, list[symbol]]));
}
