// Runs the suite against one base URI and prints a verdict for every test, as JSON.
//
//     node suite.mjs SUITE_DIR UNDICI_DIR BASE_URI proxy|browser [TEST_ID…]
//
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [suiteDir, undiciDir, base, profile, ...only] = process.argv.slice(2)
const load = file => import(pathToFileURL(path.join(suiteDir, file)))

const { Headers, fetch, request } = createRequire(import.meta.url)(undiciDir)
const { runTests, getResults } = await load('client/runner.mjs')
const { default: groups } = await load('tests/index.mjs')
const { default: surrogate } = await load('tests/surrogate-control.mjs')

// What stands before a proxy is no browser: `fetch` would add `Cache-Control: no-cache` to conditional
// requests, and so ask the proxy for something else than the test does.
async function plain (url, { method = 'GET', headers = [], body } = {}) {
  const response = await request(url, { method, headers: headers.flat(), body })
  return {
    status: response.statusCode,
    statusText: '',
    headers: new Headers(Object.entries(response.headers).flatMap(
      ([name, values]) => [values].flat().map(value => [name, value]))),
    text: () => response.body.text()
  }
}

const browser = profile === 'browser'
const all = browser ? [...groups] : [...groups, surrogate]
const applies = test => !(browser ? test.browser_skip : test.browser_only)
const chosen = all.map(group => ({
  ...group,
  tests: group.tests.filter(test => only.length === 0 || only.includes(test.id))
}))

// What the suite has to say goes to standard error; the verdicts have standard output to themselves.
console.log = console.error
if (only.length > 0) chosen.forEach(group => group.tests.forEach(test => { test.dump = true }))
await runTests(chosen, browser ? fetch : plain, browser, base)
const results = getResults()

const tests = new Map(all.flatMap(group => group.tests.map(test => [test.id, test])))

function verdict (id) {
  const result = results[id]
  if (result === undefined) return 'untested'
  const dependencies = only.length === 0 ? tests.get(id).depends_on ?? [] : []
  if (dependencies.some(other => verdict(other) !== 'passed')) return 'depends'
  if (result === true) return 'passed'
  if (result[0] === 'Setup') return 'setup'
  // Whatever is neither a wrong answer nor a wrong set-up went wrong in the harness: a time limit, a
  // connection that broke.
  return result[0] === 'Assertion' ? 'failed' : 'harness'
}

const verdicts = chosen.flatMap(group => group.tests).filter(applies).map(test => ({
  id: test.id,
  kind: test.kind ?? 'required',
  verdict: verdict(test.id),
  why: Array.isArray(results[test.id]) ? results[test.id][1] : undefined
}))
process.stdout.write(JSON.stringify(verdicts))
process.exit(0)
