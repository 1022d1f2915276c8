// Mercurius with graphql-jit: resolvers and loaders as one writes them by hand, over pg.
import { readFileSync, readdirSync } from 'node:fs'
import { createHash } from 'node:crypto'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

const here = new URL('.', import.meta.url)
const statements = Object.fromEntries(
  readdirSync(new URL('loaders/', here)).map((file) => [
    file.replace('.sql', ''),
    readFileSync(new URL(`loaders/${file}`, here), 'utf8'),
  ]),
)
statements.bearer = process.env.BEARER_SQL

pg.types.setTypeParser(pg.types.builtins.INT8, Number) // no size here passes 2^53
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => text.replace(' ', 'T') + ':00')
const options = '-c timezone=UTC -c jit=off'
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8, options })

async function fetch(name, ...values) {
  return (await pool.query({ name, text: statements[name], values })).rows
}

const encode = (text) => Buffer.from(text).toString('base64')
const decode = (text) => Buffer.from(text, 'base64').toString()
const cursors = {
  Instance: (row) => `[1, "Instance:NAME:ASC", null, ${JSON.stringify(row.name)}, ${row.key}]`,
  Database: (row) =>
    `[1, "Database:INSTANCE:ASC", null, ${JSON.stringify(row.instanceName)}, ` +
    `${JSON.stringify(row.name)}, ${row.key}]`,
  TableSize: (row) =>
    `[1, "TableSize:SIZE:DESC", "${row.collectedAt}", ${row.sizeBytes}, ${row.key}]`,
}

function identified(type, rows) {
  for (const row of rows) row.id = encode(`${type}:${row.key}`)
  return rows
}

// A page of rows, of which one more than wanted was read.
class Connection {
  constructor(type, rows, first, count) {
    this.cursorOf = (row) => encode(cursors[type](row))
    this.hasNextPage = rows.length > first
    this.nodes = identified(type, this.hasNextPage ? rows.slice(0, first) : rows)
    this.count = count
  }

  get edges() {
    return this.nodes.map((node) => ({ cursor: this.cursorOf(node), node }))
  }

  get pageInfo() {
    const last = this.nodes.at(-1)
    return { hasNextPage: this.hasNextPage, endCursor: last ? this.cursorOf(last) : null }
  }
}

function grouped(rows) {
  const groups = new Map()
  for (const row of rows) {
    const group = groups.get(row.parent)
    if (group) group.push(row)
    else groups.set(row.parent, [row])
  }
  return groups
}

// A loader of a connection; all parents of one place ask for the same number of rows.
function pages(statement, type) {
  return {
    opts: { cache: false },
    async loader(queries) {
      const { first } = queries[0].params
      const keys = queries.map(({ obj }) => obj.key)
      const groups = grouped(await fetch(statement, keys, first + 1))
      return keys.map((key) => new Connection(type, groups.get(key) ?? [], first))
    },
  }
}

const resolvers = {
  Query: {
    async instances(_, { first }) {
      return new Connection('Instance', await fetch('instances', first + 1), first)
    },
    async databases(_, { first, after, filter }) {
      if (filter?.search != null) {
        const pattern = `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`
        const count = async () => (await fetch('ledger_found_count', pattern))[0].count
        const rows = await fetch('ledger_found', first + 1, pattern)
        return new Connection('Database', rows, first, count)
      }
      const rows =
        after == null
          ? await fetch('ledger', first + 1)
          : await fetch('ledger_after', first + 1, ...JSON.parse(decode(after)).slice(3))
      return new Connection('Database', rows, first)
    },
    async database(_, { id }) {
      const [type, key] = decode(id).split(':')
      if (type !== 'Database') throw new Error('This is not the id of a Database.')
      return identified('Database', await fetch('database', key))[0]
    },
  },
  DatabaseConnection: { totalCount: (connection) => connection.count() },
}

const loaders = {
  Instance: {
    databases: pages('databases_of_instances', 'Database'),
    tags: {
      opts: { cache: false },
      async loader(queries) {
        const keys = queries.map(({ obj }) => obj.key)
        const groups = grouped(await fetch('tags_of_instances', [...new Set(keys)]))
        return keys.map((key) => groups.get(key) ?? [])
      },
    },
  },
  Database: {
    tableSizes: pages('tables_of_databases', 'TableSize'),
    instance: {
      opts: { cache: false },
      async loader(queries) {
        const keys = queries.map(({ obj }) => obj.instanceKey)
        const rows = identified('Instance', await fetch('instances_by_id', [...new Set(keys)]))
        const found = new Map(rows.map((row) => [row.key, row]))
        return keys.map((key) => found.get(key))
      },
    },
  },
}

const app = Fastify()
app.addHook('onRequest', async (request, reply) => {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '')
  const [user] = await fetch('bearer', createHash('sha256').update(token).digest())
  if (!user || user.is_expired) return reply.code(401).send()
})
app.register(mercurius, {
  schema: readFileSync(new URL('schema.graphql', here), 'utf8'),
  resolvers,
  loaders,
  jit: 1,
  compilerOptions: { disableLeafSerialization: true }, // the rows hold what goes out
  graphiql: false,
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
