import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';

/** Functions in TypeScript, whose types are removed when the app is synthesized. */
export function typescriptCode(folder: string): Code {
  const tryBundle = (output: string): boolean => {
    for (const name of readdirSync(folder).filter((file) => !file.endsWith('.test.ts'))) {
      if (!name.endsWith('.ts')) {
        cpSync(join(folder, name), join(output, name));
        continue;
      }
      const text = stripTypeScriptTypes(readFileSync(join(folder, name), 'utf8'));
      writeFileSync(join(output, name.replace(/ts$/, 'mjs')), text.replaceAll(".ts';", ".mjs';"));
    }
    return true;
  };
  return Code.fromAsset(folder, { bundling: { image: DockerImage.fromRegistry('node:24'), local: { tryBundle } } });
}
