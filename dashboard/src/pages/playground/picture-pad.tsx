import { Button } from "@mantine/core";
import { type DragEvent, type PointerEvent, useCallback, useEffect, useRef, useState } from "react";
import { Icon } from "../../components/icons.tsx";

interface PicturePadProps {
  /** Called with the picture as base64 when something was drawn or dropped, and with undefined when it was wiped. */
  onPicture: (base64: string | undefined) => void;
}

const side = 280;
/** What the gateway reads by itself; other pictures are sent as this page draws them. */
const readable = ["image/png", "image/jpeg"];

/** White on black, as the digits that the model learned from are. A picture may be dropped on it, or chosen, instead. */
export function PicturePad({ onPicture }: PicturePadProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<{ x: number; y: number }>(undefined);
  const [problem, setProblem] = useState<string>();

  const wipe = useCallback(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.fillStyle = "#000";
    context.fillRect(0, 0, side, side);
  }, []);
  useEffect(wipe, [wipe]);

  const tell = () => onPicture(afterComma(canvas.current?.toDataURL("image/png")));
  const draw = (event: PointerEvent<HTMLCanvasElement>) => {
    const context = canvas.current?.getContext("2d");
    const from = last.current;
    if (!context || from === undefined) return;
    const to = placeOf(event);
    context.strokeStyle = "#fff";
    context.lineWidth = 22;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    last.current = to;
  };
  const show = async (file: File | undefined) => {
    const context = canvas.current?.getContext("2d");
    if (!context || file === undefined) return;
    setProblem(undefined);
    try {
      const picture = await createImageBitmap(file);
      wipe();
      drawWhole(context, picture);
      if (readable.includes(file.type)) onPicture(await base64Of(file));
      else tell();
    } catch {
      setProblem(`${file.name} is not a picture that this browser can read. Use a PNG or a JPEG.`);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void show(event.dataTransfer.files[0]);
  };

  return (
    <div className="stack">
      <canvas
        ref={canvas}
        className="pad"
        width={side}
        height={side}
        aria-label="Draw here, or drop a picture"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const { x, y } = placeOf(event);
          last.current = { x, y: y - 0.1 };
          draw(event);
        }}
        onPointerMove={draw}
        onPointerUp={() => {
          last.current = undefined;
          tell();
        }}
        onDragOver={(event) => event.preventDefault()}
        onDrop={drop}
      />
      {problem === undefined ? null : <p role="alert">{problem}</p>}
      <div className="row">
        <Button
          size="xs"
          variant="default"
          onClick={() => {
            wipe();
            onPicture(undefined);
          }}
        >
          Wipe
        </Button>
        <Button size="xs" variant="default" component="label" leftSection={<Icon name="upload" size={14} />}>
          Choose a picture
          <input
            className="visually-hidden"
            type="file"
            accept="image/*"
            onChange={(event) => void show(event.currentTarget.files?.[0])}
          />
        </Button>
      </div>
    </div>
  );
}

/** As large as fits, with its proportions. */
function drawWhole(context: CanvasRenderingContext2D, picture: ImageBitmap): void {
  const scale = side / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  context.imageSmoothingEnabled = scale < 1;
  context.drawImage(picture, (side - width) / 2, (side - height) / 2, width, height);
}

async function base64Of(file: File): Promise<string | undefined> {
  const reader = new FileReader();
  const read = new Promise<void>((resolve, reject) => {
    reader.onload = () => resolve();
    reader.onerror = () => reject(new Error("the file could not be read"));
  });
  reader.readAsDataURL(file);
  await read;
  return typeof reader.result === "string" ? afterComma(reader.result) : undefined;
}

function afterComma(dataUrl: string | undefined): string | undefined {
  return dataUrl?.slice(dataUrl.indexOf(",") + 1);
}

/** Where on the canvas, whatever size it is shown at. */
function placeOf(event: PointerEvent<HTMLCanvasElement>): { x: number; y: number } {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: ((event.clientX - box.left) / box.width) * side, y: ((event.clientY - box.top) / box.height) * side };
}
