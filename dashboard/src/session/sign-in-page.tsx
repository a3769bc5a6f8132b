import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { Mark } from "../components/icons.tsx";
import { Refusal } from "./refusal.ts";
import { signIn } from "./session.ts";

/** The door. It keeps the address, so that whoever followed a link arrives where it led. */
export function SignInPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isWaiting, setWaiting] = useState(false);
  useEffect(() => {
    document.title = "Sign in · Tollgate";
  }, []);

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
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit();
  };

  return (
    <main className="door">
      <div className="door-card">
        <div className="door-brand">
          <Mark size={30} />
          <span>Tollgate</span>
        </div>
        <h1>Sign in</h1>
        <form onSubmit={onSubmit} noValidate>
          {problem === undefined ? null : (
            <Alert color="red" variant="light" role="alert">
              {problem}
            </Alert>
          )}
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
          <Button type="submit" fullWidth loading={isWaiting} disabled={email === "" || password === ""}>
            Sign in
          </Button>
        </form>
        <p className="dim small">
          No password yet? Ask an owner or admin of your tenant for an invitation. On a first start, Tollgate prints who
          can sign in.
        </p>
      </div>
    </main>
  );
}

function problemOf(error: unknown): string {
  if (!(error instanceof Refusal)) return "The gateway cannot be reached. Check your connection and try again.";
  if (error.retryAfterSeconds === undefined) return error.message;
  return `${error.message} Try again in ${error.retryAfterSeconds} s.`;
}
