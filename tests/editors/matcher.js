// What a problem matcher makes of lines: `node matcher.js TASKS ROOT FILE < lines` prints "at LINE" for each problem in the file.
// Where Theia's tasks are there (the package @theia/task, found by NODE_PATH), its matcher is asked, which is that of Visual Studio Code;
// else the expression alone.
const { readFileSync } = require("fs");
const path = require("path");

const [tasks, root, file] = process.argv.slice(2);
const matcher = JSON.parse(readFileSync(tasks, "utf8")).tasks[0].problemMatcher;
const lines = readFileSync(0, "utf8").split("\n");
const place = path.join(root, file);

function theia() {
  const { ProblemCollector } = require("@theia/task/lib/node/task-problem-collector");
  const { ApplyToKind, FileLocationKind, ProblemPattern } = require("@theia/task/lib/common/problem-matcher-protocol");
  const [location, prefix] = matcher.fileLocation;
  const collector = new ProblemCollector([{
    owner: matcher.owner,
    source: matcher.source,
    applyTo: ApplyToKind.fromString("allDocuments"),
    fileLocation: FileLocationKind.fromString(location),
    filePrefix: prefix.replace("${workspaceFolder}", root),
    pattern: ProblemPattern.fromProblemPatternContribution(matcher.pattern),
  }]);
  const found = lines.flatMap((line) => collector.processLine(line));
  return found.filter((one) => one.resource.path.toString() === place).map((one) => one.marker.range.start.line + 1);
}

function expression() {
  const { regexp, file: of, line } = matcher.pattern;
  const found = lines.map((text) => new RegExp(regexp).exec(text)).filter(Boolean);
  return found.filter((match) => path.join(root, match[of]) === place).map((match) => Number(match[line]));
}

let asked = expression;
try {
  require.resolve("@theia/task/lib/node/task-problem-collector");
  asked = theia;
} catch {}
console.log(asked().map((line) => `at ${line}`).join("\n"));
