import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { imagesQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Empty, Page } from '../../components/page.tsx'
import { ImageCatalogue } from '../../features/images/catalogue.tsx'
import { describeImages } from '../../features/images/image-progress.ts'
import { ImageRow } from '../../features/images/image-row.tsx'
import { ImportDialog } from '../../features/images/import-dialog.tsx'

export function ImagesPage() {
  const { data: images } = useQuery(imagesQuery)
  const search = useSearch({ from: '/portal/images' })
  const navigate = useNavigate({ from: '/images' })
  const open = (isOpen: boolean): void => {
    void navigate({ search: isOpen ? { do: 'import' } : {}, replace: true })
  }
  return (
    <Page
      title="Images"
      lede={images ? describeImages(images) : ' '}
      actions={
        <Button may="images" look={images?.length === 0 ? 'plain' : 'primary'} onClick={() => open(true)}>
          Import image
        </Button>
      }
    >
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
      {search.do === 'import' && <ImportDialog onClose={() => open(false)} />}
    </Page>
  )
}
