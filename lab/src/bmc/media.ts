import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { pipeline } from 'node:stream/promises'

function request(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // As with most BMCs nobody has to vouch for where a disc comes from.
    const sent = url.startsWith('https:')
      ? httpsGet(url, { rejectUnauthorized: false }, resolve)
      : httpGet(url, resolve)
    sent.on('error', reject)
  })
}

/**
 * Fetches a disc to a file, and answers with the file's path.
 * @throws Error with the status, when it is not there to be had.
 */
export async function downloadMedia(url: string, path: string): Promise<string> {
  const response = await request(url)
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`${url} was answered ${response.statusCode}`)
  }
  await pipeline(response, createWriteStream(`${path}.part`))
  await rename(`${path}.part`, path)
  return path
}
