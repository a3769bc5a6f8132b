import { Button } from "@mantine/core";
import { type DragEvent, type PointerEvent, useCallback, useEffect, useRef, useState } from "react";
import { Icon } from "../components/icons.tsx";

interface DigitCanvasProps {
  /** Called with the picture as base64 when something was drawn or dropped, and with undefined when it was wiped. */
  onPicture: (base64: string | undefined) => void;
}

const side = 280;

/** White on black, as the digits that the model learned from are. A picture may be dropped on it, or chosen, instead. */
export function DigitCanvas({ onPicture }: DigitCanvasProps) {
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

  const tell = () => onPicture(canvas.current?.toDataURL("image/png").split(",")[1]);
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
      context.drawImage(picture, 0, 0, side, side);
      tell();
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
        aria-label="Draw a digit here, or drop a picture of one"
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

/** Where on the canvas, whatever size it is shown at. */
function placeOf(event: PointerEvent<HTMLCanvasElement>): { x: number; y: number } {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: ((event.clientX - box.left) / box.width) * side, y: ((event.clientY - box.top) / box.height) * side };
}
