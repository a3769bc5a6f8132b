import { PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { Door } from "./door.tsx";
import { Refusal } from "./refusal.ts";
import { signIn } from "./session.ts";

/** The door. It keeps the address, so that whoever followed a link arrives where it led. */
export function SignInPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isWaiting, setWaiting] = useState(false);

  const submit = async () => {
    setWaiting(true);
    setProblem(undefined);
    try {
      await signIn({ email, password });
      onSignedIn();
    } catch (error) {
      setProblem(problemOf(error));
      setWaiting(false);
    }
  };

  return (
    <Door
      title="Sign in"
      problem={problem}
      action="Sign in"
      isWaiting={isWaiting}
      isComplete={email !== "" && password !== ""}
      onSubmit={submit}
      foot="No password yet? Ask an owner or admin of your tenant for an invitation. On a first start, Tollgate prints who can sign in."
    >
      <TextInput
        label="Email"
        type="email"
        name="email"
        autoComplete="username"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
    </Door>
  );
}

function problemOf(error: unknown): string {
  if (!(error instanceof Refusal)) return "The gateway cannot be reached. Check your connection and try again.";
  if (error.retryAfterSeconds === undefined) return error.message;
  return `${error.message} Try again in ${error.retryAfterSeconds} s.`;
}
