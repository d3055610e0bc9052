// A real Bluesky network on loopback: PLC directory + PDS (SQLite) [+ bsync + AppView].
//   MODE=pds   PLC and PDS only: no PostgreSQL, no Redis, no notifications
//   MODE=full  all of it (needs DB_POSTGRES_URL, DB_POSTGRES_SCHEMA and REDIS_HOST)
// The PDS reaches the AppView through a gate. POST /down and /up on CONTROL_PORT close and open it: to the PDS, the
// AppView is then away, while it goes on indexing. Prints one line of JSON when ready; runs until SIGTERM or SIGINT.
import dns from 'node:dns'
import http from 'node:http'
import net from 'node:net'

dns.setDefaultResultOrder('ipv4first')
// The packages listen on every interface and give no option for it: hold them to loopback.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'number' || (typeof args[0] === 'string' && /^\d+$/.test(args[0]))) {
    if (typeof args[1] === 'string') args[1] = '127.0.0.1'
    else args.splice(1, 0, '127.0.0.1')
  } else if (args[0] && typeof args[0] === 'object' && args[0].port != null) {
    args[0] = { ...args[0], host: '127.0.0.1' }
  }
  return listen.apply(this, args)
}
process.env.LOG_ENABLED ??= 'false'
const dev = await import('@atproto/dev-env')

const port = (name) => Number(process.env[name])
const [plcPort, pdsPort, bskyPort, gatePort, controlPort] =
  ['PLC_PORT', 'PDS_PORT', 'APPVIEW_PORT', 'GATE_PORT', 'CONTROL_PORT'].map(port)
const closers = []
const out = process.env.MODE === 'pds' ? await startPds() : await startAll()
console.log(JSON.stringify({ ready: true, ...out }))

async function startPds() {
  const network = await dev.TestNetworkNoAppView.create({ plc: { port: plcPort }, pds: { port: pdsPort } })
  closers.push(() => network.close())
  return { plc: network.plc.url, pds: network.pds.url }
}

async function startAll() {
  const dbUrl = process.env.DB_POSTGRES_URL, schema = process.env.DB_POSTGRES_SCHEMA, apiKey = 'bsync-api-key'
  const plc = await dev.TestPlc.create({ port: plcPort })
  const bsync = await dev.TestBsync.create({ apiKeys: [apiKey], dbUrl, dbSchema: `bsync_${schema}` })
  const bsky = await dev.TestBsky.create({
    port: bskyPort, plcUrl: plc.url, pdsPort, bsyncApiKey: apiKey, bsyncUrl: bsync.url,
    repoProvider: `ws://localhost:${pdsPort}`, dbPostgresSchema: `appview_${schema}`, dbPostgresUrl: dbUrl,
    redisHost: process.env.REDIS_HOST,
  })
  bsync.ctx.dataplaneClients = [bsky.ctx.dataplane]
  const gate = makeGate(gatePort, bskyPort)
  await gate.up()
  const control = await startControl(controlPort, gate)
  const pds = await dev.TestPds.create({
    port: pdsPort, didPlcUrl: plc.url, bskyAppViewUrl: `http://localhost:${gatePort}`,
    bskyAppViewDid: bsky.ctx.cfg.serverDid,
  })
  dev.mockNetworkUtilities(pds, bsky)
  closers.push(() => control.close(), () => gate.down(), () => bsky.close(), () => bsync.close(), () => pds.close(), () => plc.close())
  return { plc: plc.url, pds: pds.url, appview: bsky.url, bsync: bsync.url }
}

// A TCP relay that refuses connections while it is down, and breaks those that are open.
function makeGate(from, to) {
  const sockets = new Set()
  let server
  const relay = (socket) => {
    const other = net.connect(to, '127.0.0.1')
    for (const [a, b] of [[socket, other], [other, socket]]) {
      sockets.add(a)
      a.on('error', () => b.destroy())
      a.on('close', () => { sockets.delete(a); b.destroy() })
      a.pipe(b)
    }
  }
  return {
    isUp: () => server !== undefined,
    up: () => new Promise((done) => {
      if (server) return done()
      server = net.createServer(relay)
      server.listen(from, done)
    }),
    down: () => new Promise((done) => {
      if (!server) return done()
      server.close(() => done())
      server = undefined
      for (const socket of sockets) socket.destroy()
    }),
  }
}

async function startControl(at, gate) {
  const server = http.createServer(async (request, response) => {
    if (request.method === 'POST' && request.url === '/down') await gate.down()
    else if (request.method === 'POST' && request.url === '/up') await gate.up()
    else if (request.url !== '/') response.statusCode = 404
    response.end(JSON.stringify({ up: gate.isUp() }))
  })
  await new Promise((done) => server.listen(at, done))
  return server
}

let isStopping = false
async function stop() {
  if (isStopping) return
  isStopping = true
  setTimeout(() => process.exit(0), 5000).unref()
  for (const close of closers) await Promise.resolve(close()).catch(() => {})
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.on('unhandledRejection', (error) => console.error('unhandled', error?.message ?? error))
