import { createServer as createTlsServer, type Server } from 'node:https'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { afterEach, expect, it } from 'vitest'
