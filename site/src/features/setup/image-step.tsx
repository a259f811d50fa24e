import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { imagesQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { ImageCatalogue } from '../images/catalogue.tsx'
import { ImportDialog } from '../images/import-dialog.tsx'

const words = {
  waiting: 'waits for an edge',
  importing: 'is being imported',
  ready: 'is ready',
  failed: 'could not be imported',
} as const

export function ImageStep() {
  const { data: images } = useQuery(imagesQuery)
  const [importing, setImporting] = useState(false)
  return (
    <div className="max-w-2xl">
      {images && images.length > 0 && (
        <ul aria-label="Images" className="mb-5 divide-y divide-line border-y border-line">
          {images.map((image) => (
            <li key={image.imageId} className="flex flex-wrap gap-x-4 py-2">
              <span className="grow font-semibold">{image.name}</span>
              <span className={image.status === 'failed' ? 'text-failed' : 'text-ink-soft'}>
                {words[image.status]}
              </span>
            </li>
          ))}
        </ul>
      )}
      <ImageCatalogue />
      <p className="mt-6 mb-3 text-ink-soft">Or bring your own disk image, with its checksum.</p>
      <Button may="images" onClick={() => setImporting(true)}>
        Import image
      </Button>
      {importing && <ImportDialog onClose={() => setImporting(false)} />}
    </div>
  )
}
