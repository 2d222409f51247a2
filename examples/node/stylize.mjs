#!/usr/bin/env node
// Paints a photograph in the manner of a painting.
//
//   npm install
//   node stylize.mjs CONTENT STYLE OUT [--iterations N] [--max-size N] [--recipe FILE] [--preview FILE]
//
// From the environment: IMPASTO_SERVER, the server's HOST:PORT (127.0.0.1:50451); IMPASTO_TLS_CA, a PEM file of root certificates, for
// a server with TLS; IMPASTO_TOKEN, the access token, for a server that wants one. Ctrl-C cancels the job.
// Exit code: 0 painted, 1 it can't be, 2 wrong usage, 130 cancelled.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { Client } from './impasto/client.mjs';
import { ImpastoError, toSeconds } from './impasto/errors.mjs';
import { messageFromJson } from './impasto/json.mjs';

const usage = 'usage: stylize CONTENT STYLE OUT [--iterations N] [--max-size N] [--recipe FILE] [--preview FILE]';

function readArguments() {
  const number = { type: 'string' };
  const file = { type: 'string' };
  const options = { iterations: number, 'max-size': number, recipe: file, preview: file };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (positionals.length !== 3) {
    throw new Error('CONTENT, STYLE and OUT are needed');
  }
  const whole = (name) => {
    if (values[name] !== undefined && !/^-?\d{1,9}$/.test(values[name])) {
      throw new Error(`--${name}: "${values[name]}" is no whole number`);
    }
    return values[name] === undefined ? undefined : Number(values[name]);
  };
  const [content, style, out] = positionals;
  const { recipe, preview } = values;
  return { content, style, out, recipe, preview, iterations: whole('iterations'), maxSize: whole('max-size') };
}

// The format that a file's name asks for.
function formatOf(file) {
  const formats = { '.png': 'PNG', '.jpg': 'JPEG', '.jpeg': 'JPEG', '.webp': 'WEBP', '.tif': 'TIFF', '.tiff': 'TIFF' };
  const format = formats[path.extname(file).toLowerCase()];
  if (format === undefined) {
    throw new Error(`${file}: not .png, .jpg, .webp or .tiff`);
  }
  return `PICTURE_FORMAT_${format}`;
}

async function makeRequest({ content, style, out, recipe: recipeFile, preview, iterations, maxSize }) {
  const recipe = recipeFile ? messageFromJson('impasto.v1.Recipe', JSON.parse(await readFile(recipeFile, 'utf8'))) : {};
  // What isn't set is the server's choice.
  if (iterations !== undefined) recipe.iterations = iterations;
  if (maxSize !== undefined) recipe.maxSize = maxSize;
  return {
    // Pictures are sent as the files that they are; the server decodes them.
    content: { encoded: await readFile(content) },
    styles: [{ encoded: await readFile(style) }],
    recipe,
    preview: preview && { interval: { seconds: 1 }, format: formatOf(preview) },
    output: { format: formatOf(out) },
    displayName: path.basename(content),
  };
}

// Either the whole file is there, or what was there before.
async function writeWhole(file, data) {
  const unfinished = `${file}.${process.pid}.part`;
  try {
    await writeFile(unfinished, data);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function show(event, { preview }) {
  switch (event.kind) {
    case 'accepted':
      console.log(`${event.job}: painting ${event.width} x ${event.height} pixels with ${event.recipe.model}`);
      event.warnings.forEach((warning) => console.log(`WARNING: ${warning}`));
      break;
    case 'progress': {
      const left = event.remaining ? `, ${toSeconds(event.remaining).toFixed(0)} s left` : '';
      console.log(`${event.iteration - 1}/${event.iterations}  loss ${event.totalLoss.toPrecision(4)}${left}`);
      break;
    }
    case 'preview':
      await writeWhole(preview, event.picture.data);
      console.log(`the picture after step ${event.iteration}: ${preview}`);
      break;
    case 'stateChanged':
      console.log(`${event.state.replace('STATE_', '').toLowerCase()}: ${event.reason}`);
      break;
    case 'connectionLost':
      console.log(`connection lost (${event.error.message}); trying again`);
      break;
  }
}

async function main() {
  let options;
  try {
    options = readArguments();
  } catch (error) {
    console.error(`stylize: ${error.message}\n${usage}`);
    return 2;
  }
  const interrupt = new AbortController();
  // Once: whoever presses Ctrl-C a second time wants out, whatever becomes of the job.
  process.once('SIGINT', () => interrupt.abort());
  let client;
  try {
    const request = await makeRequest(options);
    client = await Client.connect();
    // A job that fails or is cancelled may send its best picture so far. This program wants the whole one, or none.
    let result;
    for await (const event of client.stylize(request, { signal: interrupt.signal })) {
      await show(event, options);
      if (event.kind === 'result') result = event;
    }
    await writeWhole(options.out, result.picture.data);
    console.log(`the picture of step ${result.iteration}, loss ${result.totalLoss.toPrecision(4)}: ${options.out}`);
    return 0;
  } catch (error) {
    console.error(`stylize: ${error.message}`);
    if (error instanceof ImpastoError) {
      if (error.field) console.error(`  field: ${error.field}`);
      error.hints.forEach((hint) => console.error(`  hint: ${hint}`));
    }
    return error.code === 'CANCELLED' ? 130 : 1;
  } finally {
    client?.close();
  }
}

process.exitCode = await main();
