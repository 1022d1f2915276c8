// PostGraphile over the views of views.sql, as it runs in production.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter'

const options = '-c timezone=UTC -c jit=off'
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8, options })
await pool.query(readFileSync(new URL('views.sql', import.meta.url), 'utf8'))

async function context({ node }) {
  const token = (node.req.headers.authorization ?? '').replace(/^Bearer /, '')
  const values = [createHash('sha256').update(token).digest()]
  const { rows } = await pool.query({ name: 'bearer', text: process.env.BEARER_SQL, values })
  if (!rows[0] || rows[0].is_expired) throw new Error('The API token is not valid.')
  return {}
}

const preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  pgServices: [makePgService({ pool, schemas: ['postgraphile'] })],
  schema: { pgOrderByNullsLast: true }, // as WhaleFall's lists do, and the index
  grafast: { context, explain: false },
  grafserv: { graphiql: false, watch: false, maxRequestLength: 1_000_000 },
}

const server = createServer()
const serv = postgraphile(preset).createServ(grafserv)
await serv.addTo(server)
await serv.ready?.()
server.listen(Number(process.env.PORT), '127.0.0.1')
