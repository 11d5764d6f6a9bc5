// A Telegram client that nobody of this project wrote, mtcute, signs in to a sandbox and reads what is there.
//
// Run it by hand (it needs Node 20 or later, and npm to fetch mtcute once):
//     npm install --prefix tests/integration/mtcute --ignore-scripts
//     tobs sandbox manifest > /tmp/manifest.json
//     tobs sandbox serve | node tests/integration/mtcute/read_history.mjs /tmp/manifest.json
// It ends with status 0 once every chat's message ids, and the first media of each chat, are as the manifest says.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { MemoryStorage, TelegramClient } from '@mtcute/node'
import { addPublicKey, NodeCryptoProvider } from '@mtcute/node/utils.js'

const MEDIA_PER_CHAT = 3

const manifest = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const lines = createInterface({ input: process.stdin })
const server = await new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))))

const crypto = new NodeCryptoProvider()
await crypto.initialize()
addPublicKey(crypto, server.public_key)

const place = { id: server.dc, ipAddress: server.host, port: server.port }
const client = new TelegramClient({
    apiId: 1,
    apiHash: '0123456789abcdef0123456789abcdef',
    storage: new MemoryStorage(),
    defaultDcs: { main: place, media: place },
    updates: false,
    logLevel: 1,
})

let wrong = 0
function expect(what, got, wanted) {
    if (JSON.stringify(got) === JSON.stringify(wanted)) return
    wrong += 1
    console.error(`${what}: got ${String(JSON.stringify(got)).slice(0, 200)}, not ${JSON.stringify(wanted).slice(0, 200)}`)
}

const me = await client.start({ phone: server.phone, code: () => server.code, password: server.password })
console.log(`signed in as ${me.displayName}`)

const listed = new Set()
for await (const dialog of client.iterDialogs({ archived: 'keep' })) listed.add(dialog.peer.id)
console.log(`${listed.size} dialogs`)

let messages = 0
let media = 0
for (const chat of manifest.chats) {
    if (!listed.has(chat.id)) continue // the old half of a migrated group is no dialog
    const ids = []
    const files = manifest.media.filter((medium) => medium.chat_id === chat.id).slice(0, MEDIA_PER_CHAT)
    for await (const message of client.iterHistory(chat.id, { chunkSize: 100 })) {
        ids.push(message.id)
        const wanted = files.find((medium) => medium.message_id === message.id)
        if (wanted === undefined || !message.media || message.media.location === undefined) continue
        const bytes = await client.downloadAsBuffer(message.media)
        expect(`medium ${chat.id}/${message.id}`, createHash('sha256').update(bytes).digest('hex'), wanted.sha256)
        media += 1
    }
    expect(`history of ${chat.title}`, ids.reverse(), chat.message_ids)
    messages += ids.length
}
console.log(`${messages} messages and ${media} media, ${wrong} wrong`)
await client.destroy()
process.exit(wrong ? 1 : 0)
