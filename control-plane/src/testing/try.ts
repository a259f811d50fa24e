import { startWorkerPlatform } from './worker-platform.ts'
import { signIn, enrolEdge, greetEdge } from './platform.ts'
const t=Date.now(); const log=(...a)=>console.log(Date.now()-t,...a)
const p = await startWorkerPlatform(); log('up')
try {
const ada = await signIn(p); log('signed in')
const site = await ada.call('POST','/api/v1/sites',{name:'Attic'}); log(site.status)
const edge = await enrolEdge(ada, site.body.siteId); log('enrolled')
const {line, welcome} = await greetEdge(p, edge, {commands:['console']}); log(welcome)
log(await p.port('connections','connected'))
log(await p.port('connections','ofSite',site.body.siteId))
await p.sleep(site.body.siteId); log('slept')
line.send('{"type":"ping"}'); log(await line.next('pong'))
log(await p.port('connections','ofSite',site.body.siteId))
log((await ada.call('GET','/api/v1/edges')).body)
log((await ada.call('DELETE','/api/v1/edges/'+edge.edgeId)).status)
log(await line.closed)
log(await p.port('connections','connected'))
} catch(e) { console.error(e) } finally { await p.close() }
