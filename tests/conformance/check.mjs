// Runs the public suite for HTTP caches against the gateway, and compares with what is known to fail.
//
//     node check.mjs GATEWAY SUITE_DIR UNDICI_DIR [--profile NAME]… [--flags "FLAGS"] [TEST_ID…]
//
// With test identifiers it runs those alone and prints every message. Exits with 1 on a failure that
// is not listed in known-failures/, and on a listed one that passes.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
// What the suite calls each kind of cache, and the flags that make the gateway one.
const profiles = {
  shared: { suite: 'proxy', flags: ['--cache', 'shared'] },
  private: { suite: 'browser', flags: ['--cache', 'private'] }
}
// Longer than the suite's longest test; one that lasts longer hangs.
const PATIENCE_MS = 300_000

const children = []
process.on('exit', () => children.forEach(child => child.kill('SIGKILL')))

/** Starts a program and waits for a line that matches; returns what the parentheses matched. */
function start (what, command, args, pattern, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options })
  children.push(child)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`${what} ended with ${code} instead of listening`)))
    createInterface(child.stdout).on('line', line => {
      const match = pattern.exec(line)
      if (match) resolve({ child, heard: match[1] })
    })
  })
}

function origin (suite) {
  const env = {
    ...process.env,
    npm_config_protocol: 'http',
    npm_config_port: '0',
    npm_config_pidfile: path.join(mkdtempSync(path.join(tmpdir(), 'conformance-')), 'pid')
  }
  const args = ['--import', path.join(here, 'loopback.mjs'), 'server/server.mjs']
  const listening = /^Listening on (http:\S+?)\/?$/
  return start('the origin', process.execPath, args, listening, { cwd: suite, env })
}

function gateway (binary, upstream, flags) {
  const args = ['--listen', '127.0.0.1:0', '--upstream', upstream, ...flags]
  return start('the gateway', binary, args, /^listening on (\S+)/)
}

function run (suite, undici, base, profile, only) {
  const args = [path.join(here, 'suite.mjs'), suite, undici, base, profile, ...only]
  const child = spawn(process.execPath, ['--no-warnings', ...args], {
    stdio: ['ignore', 'pipe', only.length > 0 ? 'inherit' : 'ignore'],
    timeout: PATIENCE_MS
  })
  children.push(child)
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', data => { said += data })
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) return resolve(JSON.parse(said))
      reject(new Error(`the suite did not come to an end (${code ?? 'time limit'})`))
    })
  })
}

/** `identifier: reason` on each line. */
function knownFailures (profile) {
  const lines = readFileSync(path.join(here, 'known-failures', `${profile}.txt`), 'utf8').split('\n')
  const entries = lines.filter(line => line.trim() && !line.startsWith('#')).map(line => {
    const colon = line.indexOf(': ')
    if (colon < 0) throw new Error(`${profile}.txt: "${line}" gives no reason`)
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
  return new Map(entries)
}

function score (verdicts, kind) {
  const ofKind = verdicts.filter(test => test.kind === kind)
  const passed = ofKind.filter(test => test.verdict === 'passed').length
  return `${passed} of ${ofKind.length} ${kind}`
}

/** What differs from what is known; nothing when all is well. */
function surprises (profile, verdicts) {
  const known = knownFailures(profile)
  const judged = verdicts.filter(test => test.kind !== 'check')
  const found = []
  for (const { id, kind, verdict, why } of judged) {
    if (verdict === 'passed' && known.has(id)) {
      found.push(`${id} (${kind}) passes now; take it out of known-failures/${profile}.txt`)
    } else if (verdict !== 'passed' && !known.has(id)) {
      found.push(`${id} (${kind}): ${verdict}: ${why ?? 'a test that it needs did not pass'}`)
    }
  }
  const all = new Set(judged.map(test => test.id))
  for (const id of known.keys()) {
    if (!all.has(id)) found.push(`known-failures/${profile}.txt names ${id}, which the suite does not run`)
  }
  return found
}

function options (args) {
  const chosen = []
  const only = []
  let more = []
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--profile') chosen.push(args[++i])
    else if (args[i] === '--flags') more = args[++i].split(' ').filter(Boolean)
    else only.push(args[i])
  }
  return { chosen: chosen.length > 0 ? chosen : Object.keys(profiles), more, only }
}

const [binary, suite, undici, ...rest] = process.argv.slice(2)
const { chosen, more, only } = options(rest)

async function check (name) {
  const profile = profiles[name]
  const server = await origin(suite)
  const cache = await gateway(binary, server.heard, [...profile.flags, ...more])
  const verdicts = await run(suite, undici, `http://${cache.heard}`, profile.suite, only)
  server.child.removeAllListeners('exit')
  cache.child.removeAllListeners('exit')
  server.child.kill()
  cache.child.kill()
  if (only.length > 0) {
    verdicts.forEach(({ id, verdict, why }) => console.log(`${name}: ${id}: ${verdict} ${why ?? ''}`))
    return true
  }
  console.log(`${name}: ${score(verdicts, 'required')}, ${score(verdicts, 'optimal')}`)
  const found = surprises(name, verdicts)
  found.forEach(line => console.log(`  ${name}: ${line}`))
  return found.length === 0
}

// Both at once: nearly all of their time is spent in the pauses that the suite makes.
const results = await Promise.all(chosen.map(check))
process.exit(results.every(Boolean) ? 0 : 1)
