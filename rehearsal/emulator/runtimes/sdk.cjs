// The AWS SDK for JavaScript as Lambda provides it, loaded before a function's own code. A copy in the function's
// package or in a layer comes first.
//
// Clients, commands, paginators and waiters are generated from botocore's models, so that every service and call of
// botocore's exists. The emulator makes the calls with botocore (`sdk_calls.py`), with the function's credentials.
// What an SDK has beyond that is missing, and says so: middleware, other libraries of @aws-sdk, event streams.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const Module = require('node:module');
const path = require('node:path');
const { Readable } = require('node:stream');
const { pathToFileURL } = require('node:url');
const zlib = require('node:zlib');

let packages, data, modules;
/** Services by the name of their @aws-sdk/client-*; the folder of botocore's models; the folder for generated modules. */

const NOT_EMULATED = "This is a gap of the rehearsal's emulator, not an answer of AWS";
/** As in errors.py. */
const NAME = /^(@aws-sdk\/[a-z0-9-]+|@smithy\/node-http-handler|aws-sdk)(\/clients\/[a-z0-9]+)?$/;
const SAFE = /^[A-Za-z_$][\w$]*$/;
const NOT_FOUND = { 404: 'NotFound', 403: 'Forbidden', 400: 'BadRequest' };
/** Names of errors of answers without a body. */

function model(service, file) {
  const folder = path.join(data, service);
  const version = fs.readdirSync(folder).sort().at(-1);
  const found = path.join(folder, version, `${file}.json`);
  if (fs.existsSync(`${found}.gz`)) return JSON.parse(zlib.gunzipSync(fs.readFileSync(`${found}.gz`)));
  return fs.existsSync(found) ? JSON.parse(fs.readFileSync(found)) : {};
}

const lower = (name) => name[0].toLowerCase() + name.slice(1);
const upper = (name) => name[0].toUpperCase() + name.slice(1);

// --- Calls ---

async function encode(value) {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof ArrayBuffer) return encode(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  if (typeof value[Symbol.asyncIterator] === 'function') {
    const chunks = [];
    for await (const chunk of value) chunks.push(Buffer.from(chunk));
    return encode(Buffer.concat(chunks));
  }
  if (Array.isArray(value) || value instanceof Set) return Promise.all([...value].map(encode));
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(await Promise.all(pairs.map(async ([name, item]) => [name, await encode(item)])));
}

function decode(value, streams) {
  if (Array.isArray(value)) return value.map((item) => decode(item, streams));
  if (value === null || typeof value !== 'object') return value;
  if ('$date' in value) return new Date(value.$date);
  if ('$bytes' in value) return bytes(Buffer.from(value.$bytes, 'base64'));
  if ('$stream' in value) return (streams ? stream : bytes)(Buffer.from(value.$stream, 'base64'));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, decode(item, streams)]));
}

function bytes(buffer) {
  const array = Uint8Array.from(buffer);
  array.transformToString = (encoding) => buffer.toString(encoding);
  return array;
}

function stream(buffer) {
  const readable = Readable.from([buffer]);
  readable.transformToString = async (encoding) => buffer.toString(encoding);
  readable.transformToByteArray = async () => new Uint8Array(buffer);
  readable.transformToWebStream = () => Readable.toWeb(readable);
  return readable;
}

function post(message) {
  const body = JSON.stringify(message);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = { host: '127.0.0.1', port: process.env.GATEWAY_PORT, path: '/_rehearsal/sdk', method: 'POST', headers };
    const request = http.request(options, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(chunks))));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function call({ service, errors, streams }, operation, parameters, config, more = {}) {
  const value = async (item) => (typeof item === 'function' ? item() : item);
  const found = await value(config.credentials);
  const credentials = found ?? {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
    sessionToken: process.env.AWS_SESSION_TOKEN,
  };
  const region = (await value(config.region)) || process.env.AWS_REGION;
  const answer = await post({ service, operation, region, credentials, parameters: await encode(parameters ?? {}), ...more });
  const $metadata = { httpStatusCode: answer.status, requestId: answer.request, attempts: 1, totalRetryDelay: 0 };
  if (!answer.error) return { ...decode(answer.result, streams.has(operation)), $metadata };
  const { code, message, ...rest } = answer.error;
  const name = NOT_FOUND[code] ?? code;
  const fault = answer.status >= 500 ? 'server' : 'client';
  throw Object.assign(new (errors[name] ?? errors.base)(message), decode(rest), {
    name, code: name, Code: name, message, statusCode: answer.status, $metadata, $fault: fault,
  });
}

// --- Version 3 ---

function middleware() {
  const unsupported = () => {
    throw new Error(`${NOT_EMULATED}: its SDK for Node has no middleware`);
  };
  return { use() {}, remove() {}, add: unsupported, addRelativeTo: unsupported, clone: middleware };
}

function clientOf(known, definition) {
  class Client {
    constructor(config = {}) {
      this.config = {
        ...config,
        apiVersion: config.apiVersion,
        region: async () => (typeof config.region === 'function' ? config.region() : config.region || process.env.AWS_REGION),
        credentials: config.credentials,
      };
      this.middlewareStack = middleware();
    }

    send(command, options, callback) {
      const done = typeof options === 'function' ? options : callback;
      const promise = call(known, command.operation, command.input, this.config);
      if (!done) return promise;
      return void promise.then((answer) => done(null, answer), done);
    }

    destroy() {}
  }
  for (const operation of Object.keys(definition.operations)) {
    Client.prototype[lower(operation)] = function (input, ...rest) {
      return this.send({ operation, input }, ...rest);
    };
  }
  return Client;
}

function errorsOf(definition, name) {
  const base = class extends Error {};
  const found = { base };
  for (const [shape, { exception }] of Object.entries(definition.shapes)) {
    if (exception) found[upper(shape)] = { [shape]: class extends base {} }[shape];
  }
  Object.defineProperty(base, 'name', { value: `${name}ServiceException` });
  return found;
}

/** The calls that answer with a stream; others answer with bytes. */
function streamsOf({ operations, shapes }) {
  const isStream = ({ output }) => {
    const { payload, members } = shapes[output?.shape] ?? {};
    const member = members?.[payload];
    return Boolean(member && (member.streaming || shapes[member.shape].streaming));
  };
  return new Set(Object.keys(operations).filter((name) => isStream(operations[name])));
}

function paginator(operation, { input_token: tokens, output_token: next }) {
  const from = [next].flat().map((one) => one.split('||')[0].trim());
  return async function* pages({ client }, input) {
    let more = {};
    do {
      const page = await client.send({ operation, input: { ...input, ...more } });
      yield page;
      more = Object.fromEntries([tokens].flat().map((token, at) => [token, page[from[at]]]));
    } while (Object.values(more).some(Boolean));
  };
}

function waiter(known, name) {
  return async ({ client, maxWaitTime = 60 }, input) => {
    const wait = { waiter: name, seconds: maxWaitTime };
    const reason = await call(known, '', input, client.config, wait);
    return { state: 'SUCCESS', reason };
  };
}

function clientModule(name) {
  const service = packages[name];
  const definition = model(service, 'service-2');
  const title = definition.metadata.serviceId.split(/[^A-Za-z0-9]+/).map(upper).join('');
  const errors = errorsOf(definition, title);
  const known = { service, errors, streams: streamsOf(definition) };
  const Client = clientOf(known, definition);
  const { base, ...named } = errors;
  const found = { ...named, [`${title}Client`]: Client, [`${title}ServiceException`]: base };
  found[title] ??= Client;
  for (const operation of Object.keys(definition.operations)) {
    found[`${operation}Command`] = { [`${operation}Command`]: class {
      constructor(input) {
        this.input = input;
        this.operation = operation;
        this.middlewareStack = middleware();
      }
    } }[`${operation}Command`];
  }
  for (const [operation, rules] of Object.entries(model(service, 'paginators-1').pagination ?? {})) {
    if (rules.output_token) found[`paginate${operation}`] = paginator(operation, rules);
  }
  for (const one of Object.keys(model(service, 'waiters-2').waiters ?? {})) {
    found[`waitUntil${one}`] = waiter(known, one);
    found[`waitFor${one}`] = found[`waitUntil${one}`];
  }
  // Enums: an object whose members are their own names' values.
  for (const [shape, { enum: values }] of Object.entries(definition.shapes)) {
    if (values && !(shape in found) && SAFE.test(shape)) {
      found[shape] = Object.fromEntries(values.flatMap((one) => [[one, one], [one.replace(/[^A-Za-z0-9]+/g, '_'), one]]));
    }
  }
  return found;
}

// --- DynamoDB's documents ---

class NumberValue {
  constructor(value) {
    this.value = String(value);
  }
}

function marshallOne(value, options) {
  if (value === null) return { NULL: true };
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number' || typeof value === 'bigint') return { N: String(value) };
  if (value instanceof NumberValue) return { N: value.value };
  if (ArrayBuffer.isView(value)) return { B: value };
  if (value instanceof Set) {
    const [first] = value;
    if (typeof first === 'string') return { SS: [...value] };
    return typeof first === 'object' ? { BS: [...value] } : { NS: [...value].map(String) };
  }
  if (Array.isArray(value)) {
    return { L: value.filter((one) => one !== undefined || !options?.removeUndefinedValues).map((one) => marshallOne(one, options)) };
  }
  if (typeof value === 'object') return { M: marshall(value, options) };
  throw new Error('Pass options.removeUndefinedValues=true to remove undefined values from map/array/set.');
}

function marshall(item, options) {
  const pairs = Object.entries(item).filter(([, value]) => value !== undefined || !options?.removeUndefinedValues);
  return Object.fromEntries(pairs.map(([name, value]) => [name, marshallOne(value, options)]));
}

function unmarshallOne(value) {
  const [[type, content]] = Object.entries(value);
  switch (type) {
    case 'NULL': return null;
    case 'N': return Number(content);
    case 'L': return content.map(unmarshallOne);
    case 'M': return unmarshall(content);
    case 'NS': return new Set(content.map(Number));
    case 'SS': case 'BS': return new Set(content);
    default: return content;
  }
}

function unmarshall(item) {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, unmarshallOne(value)]));
}

const ITEMS = ['Item', 'Key', 'Attributes', 'LastEvaluatedKey', 'ExclusiveStartKey', 'ExpressionAttributeValues'];
/** Members that are one item. */

/** Convert the items in a request or answer; `Keys` and `Items` are lists of them. */
function documents(value, one, of) {
  if (Array.isArray(value)) return value.map((item) => documents(item, one, of));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => {
    if (item === undefined || item === null) return [name, item];
    if (ITEMS.includes(name)) return [name, one(item)];
    if (['Keys', 'Items'].includes(name)) return [name, item.map(one)];
    // The tables' names are the members of these.
    if (name === 'Responses' && !Array.isArray(item)) {
      return [name, Object.fromEntries(Object.entries(item).map(([table, items]) => [table, items.map(one)]))];
    }
    return [name, name === '$metadata' ? item : documents(item, one, of)];
  }));
}

const DOCUMENTS = {
  Get: 'GetItem', Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', Query: 'Query', Scan: 'Scan',
  BatchGet: 'BatchGetItem', BatchWrite: 'BatchWriteItem', TransactGet: 'TransactGetItems', TransactWrite: 'TransactWriteItems',
};

function documentModule() {
  class DynamoDBDocumentClient {
    constructor(client, { marshallOptions } = {}) {
      Object.assign(this, { client, options: marshallOptions, config: client.config, middlewareStack: client.middlewareStack });
    }

    static from(client, options) {
      return new this(client, options);
    }

    send({ operation, input }, ...rest) {
      const encoded = documents(input, (item) => marshall(item, this.options));
      const decoded = (answer) => documents(answer, unmarshall);
      if (typeof rest.at(-1) !== 'function') return this.client.send({ operation, input: encoded }).then(decoded);
      const done = rest.at(-1);
      return this.client.send({ operation, input: encoded }, (error, answer) => done(error, answer && decoded(answer)));
    }

    destroy() {}
  }
  const found = { DynamoDBDocumentClient, DynamoDBDocument: DynamoDBDocumentClient, NumberValue };
  for (const [name, operation] of Object.entries(DOCUMENTS)) {
    found[`${name}Command`] = class {
      constructor(input) {
        Object.assign(this, { input, operation });
      }
    };
    DynamoDBDocumentClient.prototype[lower(name)] = function (input, ...rest) {
      return this.send({ operation, input }, ...rest);
    };
  }
  for (const operation of ['Query', 'Scan']) {
    found[`paginate${operation}`] = paginator(operation, { input_token: 'ExclusiveStartKey', output_token: 'LastEvaluatedKey' });
  }
  return found;
}

// --- Other libraries ---

const LIBRARIES = {
  '@aws-sdk/lib-dynamodb': documentModule,
  '@aws-sdk/util-dynamodb': () => ({
    marshall, unmarshall, convertToAttr: marshallOne, convertToNative: unmarshallOne, NumberValue,
  }),
  '@aws-sdk/lib-storage': () => ({
    Upload: class {
      constructor({ client, params }) {
        Object.assign(this, { client, params });
      }

      on() {
        return this;
      }

      done() {
        return this.client.send({ operation: 'PutObject', input: this.params });
      }
    },
  }),
  '@aws-sdk/credential-providers': () => ({
    fromEnv: () => undefined,
    fromNodeProviderChain: () => undefined,
    fromTemporaryCredentials: ({ params, clientConfig = {}, masterCredentials }) => async () => {
      const parameters = { RoleSessionName: 'aws-sdk-js', ...params };
      const config = { credentials: masterCredentials, region: clientConfig.region };
      const tokens = { service: 'sts', errors: { base: Error }, streams: new Set() };
      const { Credentials: found } = await call(tokens, 'AssumeRole', parameters, config);
      return { accessKeyId: found.AccessKeyId, secretAccessKey: found.SecretAccessKey, sessionToken: found.SessionToken };
    },
  }),
  '@smithy/node-http-handler': () => ({ NodeHttpHandler: class {} }),
  'aws-sdk': secondVersion,
};

// --- Version 2 ---

const SECOND_NAMES = {
  stepfunctions: 'sfn', elbv2: 'elastic-load-balancing-v2', elb: 'elastic-load-balancing', cloudwatchevents: 'eventbridge',
  cognitoidentityserviceprovider: 'cognito-identity-provider', es: 'elasticsearch-service',
};
/** Services whose name in version 2 differs from version 3's in more than hyphens. */

function secondVersion() {
  const settings = { update: (more) => void Object.assign(settings, more) };
  const request = (work) => ({
    promise: work,
    send: (done) => void work().then((answer) => done(null, answer), (error) => done(error)),
  });
  const operations = (send, names) => Object.fromEntries(Object.entries(names).map(([name, operation]) => [
    name,
    (input, done) => {
      const made = request(() => send({ operation, input: typeof input === 'function' ? {} : input ?? {} }));
      const callback = typeof input === 'function' ? input : done;
      if (callback) made.send(callback);
      return made;
    },
  ]));
  const byName = Object.fromEntries(Object.keys(packages).map((name) => [name.replaceAll('-', ''), name]));
  const serviceClass = (name) => {
    const found = clientModule(name);
    const Client = Object.entries(found).find(([one]) => one.endsWith('Client'))[1];
    const names = Object.keys(Client.prototype);
    const calls = Object.fromEntries(names.map((one) => [one, upper(one)]));
    return class {
      constructor(config = {}) {
        const client = new Client({ ...settings, ...config });
        const send = async (command) => {
          const { $metadata, ...answer } = await client.send(command);
          // In version 2, a body is a buffer.
          if (answer.Body?.transformToByteArray) answer.Body = Buffer.from(await answer.Body.transformToByteArray());
          return answer;
        };
        Object.assign(this, { config: { ...settings, ...config } }, operations(send, calls));
      }
    };
  };
  const root = { config: settings, Config: class {}, Credentials: class {} };
  return new Proxy(root, {
    get(target, property) {
      if (property in target || typeof property !== 'string') return target[property];
      const key = property.toLowerCase();
      const name = SECOND_NAMES[key] ?? byName[key];
      if (!name) return undefined;
      target[property] = serviceClass(name);
      if (name === 'dynamodb') {
        target[property].DocumentClient = class {
          constructor(config) {
            const { DynamoDBDocumentClient } = documentModule();
            const { DynamoDBClient } = clientModule('dynamodb');
            const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...settings, ...config }));
            const names = Object.fromEntries(Object.entries(DOCUMENTS).map(([one, operation]) => [lower(one), operation]));
            Object.assign(this, operations(async (command) => client.send(command), names));
          }
        };
      }
      return target[property];
    },
  });
}

// --- Loading ---

/** Build the module of a name; used by the files that `file` writes. */
global[Symbol.for('rehearsal.sdk')] = (name) => {
  const [, library, clients] = NAME.exec(name);
  if (library === 'aws-sdk' && clients) {
    const found = secondVersion();
    const key = clients.split('/').at(-1);
    const known = SECOND_NAMES[key] ?? Object.keys(packages).find((one) => one.replaceAll('-', '') === key);
    return known ? found[Object.keys(found).find((one) => one.toLowerCase() === key) ?? key] : undefined;
  }
  return LIBRARIES[library]?.() ?? clientModule(library.slice('@aws-sdk/client-'.length));
};

const provided = (name) => {
  const found = NAME.exec(name);
  if (!found) return false;
  return found[1] in LIBRARIES || (found[1].startsWith('@aws-sdk/client-') && found[1].slice(16) in packages);
};

/** Write a CommonJS file with the module's exports, listed by name so that ECMAScript modules can import them. */
function file(name) {
  const target = path.join(modules, `${name}.cjs`);
  if (!fs.existsSync(target)) {
    const build = `global[Symbol.for('rehearsal.sdk')](${JSON.stringify(name)})`;
    const named = name.startsWith('aws-sdk') ? [] : Object.keys(global[Symbol.for('rehearsal.sdk')](name)).filter((one) => SAFE.test(one));
    const list = named.map((one) => `exports.${one} = found.${one};\n`).join('');
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const text = named.length ? `const found = ${build};\n${list}` : `module.exports = ${build};\n`;
    fs.writeFileSync(`${target}.${process.pid}`, text);
    fs.renameSync(`${target}.${process.pid}`, target);
  }
  return target;
}

/** Provide the SDK to every module that this process loads. */
module.exports = (settings) => {
  ({ packages, data, modules } = settings);
  const resolveFilename = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    try {
      return resolveFilename.call(this, request, ...rest);
    } catch (error) {
      if (!provided(request)) throw error;
      return file(request);
    }
  };

  // For `import`; Node has had this since 22.15. An older one does not find the SDK in ECMAScript modules.
  Module.registerHooks?.({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!provided(specifier)) throw error;
        return { url: pathToFileURL(file(specifier)).href, format: 'commonjs', shortCircuit: true };
      }
    },
  });
};
