import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { imagesQuery, imageUploadsQuery } from '../../api/queries.ts'
import { useRefusal } from '../../api/use-refusal.ts'
import { Button } from '../../components/button.tsx'
import { Empty, Page } from '../../components/page.tsx'
import { ImageCatalogue } from '../../features/images/catalogue.tsx'
import { describeImages } from '../../features/images/image-progress.ts'
import { ImageRow } from '../../features/images/image-row.tsx'
import { ImportDialog } from '../../features/images/import-dialog.tsx'
import { UploadDialog } from '../../features/images/upload-dialog.tsx'
import { UploadRows } from '../../features/images/upload-rows.tsx'

export function ImagesPage() {
  const { data: images } = useQuery(imagesQuery)
  const search = useSearch({ from: '/portal/images' })
  const navigate = useNavigate({ from: '/images' })
  const mayChange = useRefusal('images') === null
  const { data: uploadList } = useQuery({ ...imageUploadsQuery, enabled: mayChange })
  const open = (isOpen: boolean): void => {
    void navigate({ search: isOpen ? { do: 'import' } : {}, replace: true })
  }
  const [uploading, setUploading] = useState(false)
  const roomBytes = uploadList?.roomBytes ?? null
  return (
    <Page
      title="Images"
      lede={images ? describeImages(images) : ' '}
      actions={
        <>
          {roomBytes !== null && (
            <Button may="images" onClick={() => setUploading(true)}>
              Upload image
            </Button>
          )}
          <Button may="images" look={images?.length === 0 ? 'plain' : 'primary'} onClick={() => open(true)}>
            Import image
          </Button>
        </>
      }
    >
      {mayChange && <UploadRows />}
      {uploadList?.refusal && (
        <p className="mb-6 max-w-2xl text-ink-faint">
          Files of your own can’t be uploaded here. {uploadList.refusal}
        </p>
      )}
      {images && images.length > 0 && (
        <ul aria-label="Images" className="divide-y divide-line border-y border-line">
          {images.map((image) => (
            <ImageRow key={image.imageId} image={image} />
          ))}
        </ul>
      )}
      {images?.length === 0 && (
        <Empty
          title="No image yet."
          action={
            <Button may="images" look="primary" onClick={() => open(true)}>
              Import your first image
            </Button>
          }
        >
          An image is a disk with an operating system on it. Debian’s, below, have cloud-init, which gives
          each machine its name, its users and its keys.
        </Empty>
      )}
      {images && (
        <div className="mt-10">
          <h2 className="mb-3 text-2xl font-light tracking-tight">By name</h2>
          <ImageCatalogue />
        </div>
      )}
      {uploading && roomBytes !== null && (
        <UploadDialog roomBytes={roomBytes} onClose={() => setUploading(false)} />
      )}
      {search.do === 'import' && <ImportDialog onClose={() => open(false)} />}
    </Page>
  )
}
