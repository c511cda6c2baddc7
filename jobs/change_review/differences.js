// Compares pairs of templates with the library inside `cdk diff`: each line of standard input is a list of pairs, and each
// line of standard output the list of their differences.
'use strict';

const { createInterface } = require('node:readline');
const { PassThrough } = require('node:stream');
const { formatDifferences, fullDiff } = require('@aws-cdk/cloudformation-diff');

// What the CDK adds for itself and no approver decides about; `cdk diff` leaves the same out.
const ownRules = (template) => {
  const { CheckBootstrapVersion, ...rules } = template.Rules ?? {};
  const { BootstrapVersion, ...parameters } = template.Parameters ?? {};
  return { ...template, Rules: rules, Parameters: parameters };
};

const asText = (difference) => {
  const stream = new PassThrough();
  if (!difference.isEmpty) formatDifferences(stream, difference);
  return (stream.read() ?? '').toString();
};

const resource = (logicalId, change) => ({
  logicalId,
  // The library's own `resourceType` refuses to answer when the type is another one now.
  type: change.oldResourceType ?? change.newResourceType,
  impact: change.changeImpact,
  properties: Object.entries(change.propertyUpdates).map(([name, property]) => ({ name, impact: property.changeImpact })),
  attributes: [...(change.resourceTypeChanged ? ['Type'] : []), ...Object.keys(change.otherChanges)],
  before: change.oldValue ?? null,
  after: change.newValue ?? null,
});

const compare = ({ before, after }) => {
  const difference = fullDiff(ownRules(before), ownRules(after));
  return {
    resources: difference.resources.logicalIds.map((id) => resource(id, difference.resources.get(id))),
    outputs: difference.outputs.differenceCount,
    broadened: difference.permissionsBroadened,
    permissions: difference.iamChanges._toJson(),
    rules: difference.securityGroupChanges.toJson(),
    text: asText(difference),
  };
};

process.env.FORCE_COLOR = '0';
createInterface({ input: process.stdin }).on('line', (pairs) => {
  process.stdout.write(`${JSON.stringify(JSON.parse(pairs).map(compare))}\n`);
});
