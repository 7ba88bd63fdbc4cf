// The inputs are the last argument, as JSON; an output is a line ::name::<JSON>.
const inputs = JSON.parse(process.argv[process.argv.length - 1]);
const greetings = inputs.names.map((name) => `${inputs.greeting}, ${name}!`);
console.log(`::greetings::${JSON.stringify(greetings)}`);
