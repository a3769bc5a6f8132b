import { Button, Modal, Select, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { words } from "../../format.ts";
import type { RegisterModelVersionInput } from "../../graphql/generated/graphql.ts";
import { type ChosenFiles, ModelFiles } from "./model-files.tsx";
import type { OpenedModel } from "./model-page.tsx";
import { type Progress, useRegistration } from "./registration.tsx";
import { RegistrationSteps } from "./registration-steps.tsx";

interface RegisterVersionProps {
  /** Undefined: its name is asked for. */
  model: OpenedModel | undefined;
  onClose: () => void;
}

const tasks = ["IMAGE_CLASSIFICATION", "TEXT_CLASSIFICATION", "TOKEN_CLASSIFICATION", "TENSOR"] as const;
const semantics = [
  { value: "PROBABILITIES", label: "Probabilities" },
  { value: "LOGITS", label: "Logits, answered as probabilities" },
] as const;

/** Brings a file and registers it, and stays until it is ready or was refused: what the gateway says of it stands there. */
export function RegisterVersion({ model, onClose }: RegisterVersionProps) {
  const registration = useRegistration();
  const { step } = registration.progress;
  const isAtWork = step === "HASHING" || step === "SENDING" || step === "CHECKED";
  const close = () => {
    registration.stop();
    onClose();
  };
  return (
    <Modal
      opened
      onClose={close}
      title={model === undefined ? "Register a version" : `Register a version of ${model.name}`}
      size="lg"
      centered
      closeOnClickOutside={!isAtWork}
    >
      {step === "FORM" ? (
        <RegisterForm model={model} onSubmit={registration.start} />
      ) : (
        <Stack>
          <RegistrationSteps registration={registration} />
          <div className="row">
            <Button data-autofocus variant={isAtWork ? "default" : "filled"} onClick={close}>
              {labelOf(step)}
            </Button>
            {step === "REFUSED" ? (
              <Button variant="default" onClick={registration.again}>
                Try another file
              </Button>
            ) : null}
          </div>
        </Stack>
      )}
    </Modal>
  );
}

/** What is closed here goes on at the gateway once the file is there. */
function labelOf(step: Progress["step"]): string {
  if (step === "HASHING" || step === "SENDING") return "Stop";
  return step === "CHECKED" ? "Close; it goes on" : "Done";
}

interface FormProps {
  model: OpenedModel | undefined;
  onSubmit: (file: File, input: RegisterModelVersionInput) => void;
}

function RegisterForm({ model, onSubmit }: FormProps) {
  const [name, setName] = useState(model?.name ?? "");
  const [files, setFiles] = useState<ChosenFiles>({});
  const [task, setTask] = useState<string>(model?.task ?? "TENSOR");
  const [labels, setLabels] = useState<string[]>([]);
  const [meaning, setMeaning] = useState<string>("PROBABILITIES");
  const [description, setDescription] = useState("");
  const { file, manifest } = files;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file === undefined) return;
    const told = manifest === undefined ? withoutManifest({ task, labels, meaning }) : { manifest };
    onSubmit(file, {
      model: name.trim(),
      ...told,
      ...(description.trim() === "" ? {} : { description: description.trim() }),
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {model === undefined ? (
          <TextInput
            data-autofocus
            label="Model"
            description="The name that callers write; one that does not exist yet is made."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        ) : null}
        <ModelFiles files={files} onFiles={setFiles} />
        {manifest === undefined ? (
          <>
            <Select
              label="Task"
              description="Pictures and texts need a manifest that says how they become numbers."
              allowDeselect={false}
              data={tasks.map((value) => ({ value, label: words(value) }))}
              value={task}
              onChange={(value) => setTask(value ?? task)}
            />
            <TagsInput
              label="Labels"
              description="What it can answer, in the order of its scores. Empty: numbers are answered as they are."
              value={labels}
              onChange={setLabels}
            />
            {labels.length === 0 ? null : (
              <Select
                label="Its scores are"
                allowDeselect={false}
                data={[...semantics]}
                value={meaning}
                onChange={(value) => setMeaning(value ?? meaning)}
              />
            )}
          </>
        ) : null}
        {model === undefined ? (
          <Textarea
            label="What it is for"
            autosize
            minRows={2}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
        ) : null}
        <Button type="submit" disabled={name.trim() === "" || file === undefined}>
          Register
        </Button>
      </Stack>
    </form>
  );
}

function withoutManifest({ task, labels, meaning }: { task: string; labels: string[]; meaning: string }) {
  const chosen = tasks.find((one) => one === task) ?? "TENSOR";
  if (labels.length === 0) return { task: chosen };
  return { task: chosen, labels, semantics: meaning === "LOGITS" ? ("LOGITS" as const) : ("PROBABILITIES" as const) };
}
