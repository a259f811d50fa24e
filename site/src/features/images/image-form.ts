export interface ImageForm {
  name: string
  url: string
  checksum: string
}

export type ImageErrors = Partial<Record<keyof ImageForm, string>>

/** What is wrong with the form, by field. The server has the last word. */
export function checkImageForm(form: ImageForm): ImageErrors {
  const errors: ImageErrors = {}
  if (!form.name.trim()) errors.name = 'An image needs a name.'
  const url = form.url.trim()
  if (!/^https?:\/\/[^\s/?#]+\/\S*$/.test(url))
    errors.url = 'Give an http:// or https:// address of a disk image.'
  else if (/\.(iso|vmdk|vhdx?|vdi|ova|zip|bz2)$/i.test(url.replace(/[?#].*/, '')))
    errors.url = `That looks like a .${url
      .replace(/[?#].*/, '')
      .split('.')
      .at(
        -1,
      )} file. A raw or qcow2 image is wanted, also as .gz, .xz or .zst; publishers often list one beside it.`
  const digits = form.checksum.trim().split(/\s+/)[0] ?? ''
  if (!/^([0-9a-f]{64}|[0-9a-f]{128})$/i.test(digits))
    errors.checksum = `A checksum is 64 hex digits (SHA-256) or 128 (SHA-512)${digits ? `; these are ${digits.length}` : ''}.`
  return errors
}

/** "debian-13-genericcloud-amd64" for an address that ends in that file name. */
export function suggestName(url: string): string {
  const file =
    url
      .trim()
      .replace(/[?#].*/, '')
      .split('/')
      .at(-1) ?? ''
  return file.replace(/(\.(raw|img|qcow2|xz|gz|zst|bin))+$/i, '')
}
