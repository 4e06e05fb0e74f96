// SPDX-License-Identifier: MIT
// What https, tls, http2 and fetch of a Node do against servers in the same process. One line for
// each test, by name, the same in each run: what came out, or the code of the error. The arguments
// are the files of a key and its certificate, twice.
'use strict'
const crypto = require('crypto'), fs = require('fs'), http2 = require('http2')
const https = require('https'), tls = require('tls')
const [rsaKey, rsa, ecKey, ec] = process.argv.slice(2).map(file => fs.readFileSync(file))
const pair = { key: [rsaKey, ecKey], cert: [rsa, ec] }
const trust = { ca: pair.cert, servername: 'localhost' }
const BIG = Buffer.alloc(5 << 20, 'node matrix ')
const PATH = '/api/v1/chat/completions'
const digest = b => crypto.createHash('sha256').update(b).digest('hex').slice(0, 16)
const listen = server => new Promise(done => server.listen(0, '127.0.0.1', () => done(server.address().port)))
const close = server => new Promise(done => { server.close(done); server.closeAllConnections && server.closeAllConnections() })
const read = stream => new Promise((done, failed) => {
  const parts = []
  stream.on('data', p => parts.push(p)).on('end', () => done(Buffer.concat(parts))).on('error', failed)
})
const tests = {}

// --- https
function serveHttps (options) {
  return https.createServer({ ...pair, ...options }, async (request, response) => {
    const body = await read(request).catch(() => Buffer.alloc(0))
    if (request.url.endsWith('?abort')) return response.destroy()
    if (request.url.endsWith('?refuse')) response.statusCode = 401
    if (request.url.endsWith('?half')) { response.write('half'); return setImmediate(() => response.destroy()) }
    if (request.url.endsWith('?big')) return response.end(BIG)
    if (request.url.endsWith('?trailers')) {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('body')
      response.addTrailers({ 'X-Sum': digest(body) })
      return response.end()
    }
    response.end(JSON.stringify([request.method, request.url, body.length, digest(body)]))
  })
}
function ask (port, path, options, body) {
  return new Promise((done, failed) => {
    const request = https.request({ host: '127.0.0.1', port, path: PATH + path, ...trust, ...options }, async answer => {
      const got = await read(answer).catch(e => Buffer.from('error ' + e.code))
      done([answer.statusCode, got.length, digest(got), JSON.stringify(answer.trailers)].join(' '))
    })
    request.on('error', e => done('error ' + e.code))
    if (Array.isArray(body)) for (const piece of body) request.write(piece)
    request.end(Array.isArray(body) ? undefined : body)
  })
}
for (const version of ['TLSv1.2', 'TLSv1.3']) {
  const options = { minVersion: version, maxVersion: version }
  const withServer = work => async () => {
    const server = serveHttps(options)
    const port = await listen(server)
    try { return await work(port) } finally { await close(server) }
  }
  for (const [name, path, more, body] of [
    ['get', '', {}, undefined], ['post', '', { method: 'POST' }, 'hello'],
    ['post 5 MiB', '', { method: 'POST' }, BIG],
    ['post in pieces', '', { method: 'POST' }, Array(200).fill('piece of a body')],
    ['refused', '?refuse', { method: 'POST' }, '{}'], ['aborted', '?abort', {}, undefined],
    ['half an answer', '?half', {}, undefined], ['5 MiB', '?big', {}, undefined],
    ['trailers', '?trailers', { method: 'POST' }, 'x'], ['head', '', { method: 'HEAD' }, undefined],
    ['wrong name', '', { servername: 'example.com' }, undefined],
    ['not trusted', '', { ca: undefined }, undefined],
    ['old version', '', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }, undefined]
  ]) tests[`https ${version} ${name}`] = withServer(port => ask(port, path, { ...more, agent: false }, body))
  tests[`https ${version} kept alive`] = withServer(async port => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    const all = []
    for (let i = 0; i < 20; i++) all.push(await ask(port, '?' + i, { agent, method: 'POST' }, 'x'.repeat(i * 1000)))
    agent.destroy()
    return digest(all.join())
  })
  tests[`https ${version} 50 at once`] = withServer(async port => digest((await Promise.all(
    Array.from({ length: 50 }, (_, i) => ask(port, '?' + i, { method: 'POST' }, String(i))))).join()))
  if (typeof fetch === 'function') {
    tests[`fetch ${version}`] = withServer(async port => {
      const all = []
      for (const init of [{}, { method: 'POST', body: 'x' }, { method: 'POST', body: BIG }]) {
        const answer = await fetch(`https://localhost:${port}${PATH}`, init).catch(e => e)
        all.push(answer.cause ? answer.cause.code : [answer.status, digest(Buffer.from(await answer.arrayBuffer()))].join(' '))
      }
      return all.join()
    })
  }
}

// --- tls
const withTls = (options, serve, work) => async () => {
  const server = tls.createServer({ ...pair, ...options }, socket => { socket.on('error', () => {}); serve(socket) })
  server.on('tlsClientError', () => {})
  const port = await listen(server)
  try { return await work(port) } finally { server.close() }
}
const open = (port, options) => tls.connect({ host: '127.0.0.1', port, ...trust, ...options })
const settled = socket => new Promise(done => {
  const parts = []
  socket.on('data', p => parts.push(p)).on('error', e => done('error ' + e.code))
  socket.on('close', () => done([Buffer.concat(parts).length, digest(Buffer.concat(parts))].join(' ')))
})
const echo = socket => socket.pipe(socket)
for (const cipher of tls.getCiphers().filter(c => /^(ecdhe-ecdsa|ecdhe-rsa|aes)/.test(c))) {
  tests[`tls 1.2 ${cipher}`] = withTls({ ciphers: cipher.toUpperCase() + ':@SECLEVEL=0', maxVersion: 'TLSv1.2' }, echo, async port => {
    const socket = open(port, { ciphers: cipher.toUpperCase() + ':@SECLEVEL=0' })
    socket.on('secureConnect', () => { socket.end('cipher ' + socket.getCipher().name) })
    return settled(socket)
  })
}
for (const cipher of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']) {
  tests[`tls 1.3 ${cipher}`] = withTls({ ciphers: cipher }, echo, async port => {
    const socket = open(port, { ciphers: cipher })
    socket.on('secureConnect', () => { socket.end('cipher ' + socket.getCipher().name) })
    return settled(socket)
  })
}
tests['tls 5 MiB both ways'] = withTls({}, echo, async port => { const s = open(port); s.end(BIG); return settled(s) })
tests['tls small fragments'] = withTls({}, echo, async port => {
  const socket = open(port)
  socket.on('secureConnect', () => { socket.setMaxSendFragment(512); socket.end(BIG.slice(0, 100000)) })
  return settled(socket)
})
tests['tls destroyed in the middle'] = withTls({}, s => { s.write(BIG); s.once('data', () => s.destroy()) }, async port => {
  const socket = open(port)
  socket.on('error', () => {})
  socket.write('x')
  await new Promise(done => socket.once('data', done))
  socket.destroy()
  return socket.destroyed
})
tests['tls ALPN'] = withTls({ ALPNProtocols: ['b', 'a'] }, s => s.end(String(s.alpnProtocol)), async port => settled(open(port, { ALPNProtocols: ['a', 'b'] })))
tests['tls SNI'] = withTls({ SNICallback: (name, done) => done(null, tls.createSecureContext(pair)) }, s => s.end(String(s.servername)), async port => settled(open(port)))
tests['tls client certificate'] = withTls({ requestCert: true, ca: pair.cert }, s => s.end(String(s.authorized)), async port => settled(open(port, pair)))
tests['tls no client certificate'] = withTls({ requestCert: true, rejectUnauthorized: true, ca: pair.cert }, s => s.end('in'), async port => settled(open(port)))
tests['tls session resumed'] = withTls({ maxVersion: 'TLSv1.2' }, s => s.end('x'), async port => {
  const first = open(port)
  const session = await new Promise(done => first.once('session', done))
  first.resume()
  const second = open(port, { session })
  second.resume()
  await new Promise(done => second.once('secureConnect', done))
  return second.isSessionReused()
})
tests['tls renegotiated'] = withTls({ maxVersion: 'TLSv1.2' }, echo, async port => {
  const socket = open(port)
  await new Promise(done => socket.once('secureConnect', done))
  const outcome = await new Promise(done => socket.renegotiate({}, e => done(e ? e.code : 'done')))
  socket.end('after')
  return outcome + ' ' + await settled(socket)
})

// --- http2
const withHttp2 = (serve, work) => async () => {
  const server = http2.createSecureServer(pair)
  server.on('stream', (stream, headers) => { stream.on('error', () => {}); serve(stream, headers) })
  const port = await listen(server)
  const session = http2.connect(`https://localhost:${port}`, { ...trust, lookup: (n, o, d) => o && o.all ? d(null, [{ address: '127.0.0.1', family: 4 }]) : d(null, '127.0.0.1', 4) })
  session.on('error', () => {})
  try { return await work(session, server) } finally { session.destroy(); server.close() }
}
const request = (session, headers, body) => new Promise(done => {
  const stream = session.request({ ':path': PATH, ':method': body === undefined ? 'GET' : 'POST', ...headers })
  const parts = []
  let status
  let trailers = ''
  stream.on('response', h => { status = h[':status'] }).on('data', p => parts.push(p))
  stream.on('trailers', h => { trailers = h['x-sum'] }).on('error', e => done('error ' + e.code))
  stream.on('close', () => done([status, Buffer.concat(parts).length, digest(Buffer.concat(parts)), trailers, stream.rstCode].join(' ')))
  stream.end(body)
})
const reply = async (stream) => { const body = await read(stream).catch(() => Buffer.alloc(0)); stream.respond({ ':status': 401 }); stream.end(body.length + digest(body)) }
tests['http2 get'] = withHttp2(reply, s => request(s, {}))
tests['http2 post 5 MiB'] = withHttp2(reply, s => request(s, {}, BIG))
tests['http2 5 MiB'] = withHttp2(s => { s.respond(); s.end(BIG) }, s => request(s, {}))
tests['http2 100 streams'] = withHttp2(reply, async s => digest((await Promise.all(Array.from({ length: 100 }, (_, i) => request(s, { 'x-i': String(i) }, String(i))))).join()))
tests['http2 trailers'] = withHttp2(s => { s.respond({}, { waitForTrailers: true }); s.on('wantTrailers', () => s.sendTrailers({ 'x-sum': 'sum' })); s.end('x') }, s => request(s, {}))
tests['http2 reset'] = withHttp2(s => s.close(http2.constants.NGHTTP2_REFUSED_STREAM), s => request(s, {}))
tests['http2 ping'] = withHttp2(reply, s => new Promise(done => s.ping(Buffer.from('12345678'), (e, ms, p) => done(e ? e.code : String(p)))))
tests['http2 many headers'] = withHttp2(reply, s => request(s, Object.fromEntries(Array.from({ length: 60 }, (_, i) => ['x-' + i, 'v'.repeat(i)]))))
tests['http2 goaway'] = withHttp2(s => { s.session.goaway(0); s.respond(); s.end('last') }, s => request(s, {}))
tests['http2 push'] = withHttp2(s => s.pushStream({ ':path': '/pushed' }, (e, p) => { p.respond(); p.end('pushed'); s.respond(); s.end('main') }), async session => {
  const pushed = new Promise(done => session.on('stream', async s => done(String(await read(s)))))
  return await request(session, {}) + ' ' + await pushed
})

async function main () {
  for (const [name, test] of Object.entries(tests)) {
    const outcome = await Promise.race([
      test().catch(e => 'threw ' + (e.code || e.message)),
      new Promise(done => setTimeout(done, 30000, 'timed out').unref())])
    console.log(`${name}: ${outcome}`)
  }
  process.exit(0)
}
main()
