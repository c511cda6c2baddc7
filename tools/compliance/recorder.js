// Loaded into the process that runs the rule packs, before anything else: `node --require tools/compliance/recorder.js`.
// cdk-nag reports what a rule found, and not whether it had anything to look at. This notes, for each rule, how many
// resources it judged, and writes that to the file that COMPLIANCE_RECORD names when the process ends.
"use strict";

const fs = require("fs");
const Module = require("module");

const NOT_APPLICABLE = "N/A";
const rules = {};
const load = Module._load;

Module._load = function (...request) {
  const loaded = load.apply(this, request);
  const pack = loaded?.NagPack;
  if (pack && !pack.isRecorded) {
    pack.isRecorded = true;
    record(pack.prototype);
  }
  return loaded;
};

function record(pack) {
  const apply = pack.applyRule;
  pack.applyRule = function (params) {
    const suffix = params.ruleSuffixOverride ?? params.rule.name;
    const name = `${this.packName}-${suffix}`;
    const entry = (rules[name] ??= { pack: this.packName, info: params.info, judged: 0 });
    const watched = (node) => {
      const result = params.rule(node);
      entry.judged += result === NOT_APPLICABLE ? 0 : 1;
      return result;
    };
    return apply.call(this, { ...params, ruleSuffixOverride: suffix, rule: watched });
  };
}

process.on("exit", () => {
  if (Object.keys(rules).length > 0) {
    fs.writeFileSync(process.env.COMPLIANCE_RECORD, JSON.stringify(rules));
  }
});
