// Compares pairs of templates with the library inside `cdk diff`: each line of standard input is a list of pairs, and each
// line of standard output the list of their differences.
'use strict';

const { createInterface } = require('node:readline');
const { PassThrough } = require('node:stream');
// The copy of the schemas that the library itself decides with.
const schemas = require.resolve('@aws-cdk/aws-service-spec', { paths: [require.resolve('@aws-cdk/cloudformation-diff')] });
const { loadAwsServiceSpecSync } = require(schemas);
const { formatDifferences, fullDiff } = require('@aws-cdk/cloudformation-diff');

const specification = loadAwsServiceSpecSync();

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

// What AWS's schemas say of a type; null for a type that they do not contain.
const type = (name) => {
  const [found] = specification.lookup('resource', 'cloudFormationType', 'equals', name);
  return found ? {
    stateful: found.isStateful ?? false,
    identifier: (found.primaryIdentifier ?? []).filter((property) => property in found.properties),
    replacing: Object.fromEntries(Object.entries(found.properties).map(([property, { causesReplacement }]) => [property, causesReplacement ?? 'no'])),
  } : null;
};

const typesOf = (templates) => {
  const names = new Set(templates.flatMap(({ Resources }) => Object.values(Resources ?? {}).map(({ Type }) => Type)));
  return Object.fromEntries([...names].map((name) => [name, type(name)]));
};

const compare = ({ before, after }) => {
  const difference = fullDiff(ownRules(before), ownRules(after));
  return {
    resources: difference.resources.logicalIds.map((id) => resource(id, difference.resources.get(id))),
    outputs: difference.outputs.differenceCount,
    broadened: difference.permissionsBroadened,
    permissions: difference.iamChanges._toJson(),
    rules: difference.securityGroupChanges.toJson(),
    text: asText(difference),
    types: typesOf([before, after]),
  };
};

process.env.FORCE_COLOR = '0';
createInterface({ input: process.stdin }).on('line', (pairs) => {
  process.stdout.write(`${JSON.stringify(JSON.parse(pairs).map(compare))}\n`);
});
