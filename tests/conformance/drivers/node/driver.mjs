// The conformance driver of Node, on the example's client.
import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from '../../../../examples/node/impasto/client.mjs';
import { messageFromJson } from '../../../../examples/node/impasto/json.mjs';

async function readPicture(client, { file, raw, upload, style }) {
  if (style) return { style };
  if (file === undefined) return { upload }; // the name of one that is there
  const data = await readFile(file);
  const picture = raw ? { raw: { ...raw, data } } : { encoded: data };
  return upload ? client.upload(picture) : picture;
}

async function jobEnded(client, name) {
  while ((await client.getJob(name)).endTime === null) {
    await sleep(20);
  }
}

async function paint(command, answer) {
  const client = await Client.connect({
    address: command.address,
    name: command.client,
    token: command.token,
    tlsCa: command.tls_ca,
    reattachSeconds: command.reattach_seconds,
  });
  try {
    const request = messageFromJson('impasto.v1.StylizeRequest', command.request);
    request.content = await readPicture(client, command.content);
    request.styles = await Promise.all(command.styles.map((style) => readPicture(client, style)));
    if (command.initial) {
      request.initial = await readPicture(client, command.initial);
    }
    const cancel = new AbortController();
    for await (const event of client.stylize(request, { signal: cancel.signal })) {
      switch (event.kind) {
        case 'accepted':
          answer.job = event.job;
          if (command.action === 'slow') await jobEnded(client, event.job);
          break;
        case 'progress':
          answer.iterations.push(event.iteration);
          if (command.action === 'cancel' && answer.iterations.length === command.after) cancel.abort();
          break;
        case 'preview':
          answer.previews.push(event.iteration);
          break;
        case 'result': {
          const { data, ...header } = event.picture;
          await writeFile(command.out, data);
          answer.result = { iteration: event.iteration, bytes: data.length, ...header };
          break;
        }
        case 'connectionLost':
          answer.reconnects += 1;
          break;
      }
    }
  } finally {
    client.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = { case: command.case, code: 'OK', message: '', field: '', reason: '', job: '', iterations: [], previews: [], result: null, reconnects: 0 };
  try {
    await paint(command, answer);
  } catch (error) {
    const { code = 'UNKNOWN', message, field = '', reason = '' } = error;
    Object.assign(answer, { code, message, field, reason });
  }
  console.log(JSON.stringify(answer));
}
