// Preloaded by `node --require launch.cjs MAIN`: the inputs become the last argument inside the process only, so that
// they may be long or secret. They are in the file that $DATATORCH_INPUTS names.
'use strict';

if (require('worker_threads').isMainThread) {
  process.argv.push(require('fs').readFileSync(process.env.DATATORCH_INPUTS, 'utf8'));
  // A process that the action forks inherits execArgv, and must not get the inputs once more.
  const index = process.execArgv.indexOf(__filename);
  if (index > 0) process.execArgv.splice(index - 1, 2);
}
