// Loaded before every Node program that `make` starts: what Node has compiled once it need not compile again.
//
// Node finds it by the path of the source. jsii, by which Python uses the CDK library, lies in a folder that is named at
// random for each process, and unpacks the library into another: nothing would ever be found, and all of it kept. Here the
// library's folders are numbered, and jsii itself is compiled each time.
"use strict";

const fs = require("node:fs");
const { enableCompileCache } = require("node:module");

const COMPILED = process.env.COMPILED_BY_NODE;
const JSII = /[/\\](bin[/\\]jsii-runtime|lib[/\\]program)\.js$/;
const AT_ONCE = 16; // processes of the library that find their folders again; further ones compile for themselves

const makeFolder = fs.mkdtempSync;

fs.mkdtempSync = function (prefix, ...options) {
  const folder = prefix.endsWith("jsii-kernel-") ? numberedFolder(prefix) : undefined;
  if (folder === undefined) return makeFolder.call(fs, prefix, ...options);
  enableCompileCache(COMPILED);
  return folder;
};

function numberedFolder(prefix) {
  for (let number = 0; number < AT_ONCE; number++) {
    try {
      fs.mkdirSync(prefix + number, 0o700);
      return prefix + number;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
}

if (!JSII.test(process.argv[1])) enableCompileCache(COMPILED);
