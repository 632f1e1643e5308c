import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { ApiError } from "./api/client";
import { listen } from "./api/live";
import { App } from "./App";
import { LanguageProvider, loadLanguage, preferredLanguage } from "./i18n/language";
import { ClockProvider } from "./time/zone";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // What the server has refused it refuses again.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.isAway || error.status >= 502),
      retryDelay: (attempt) => 500 * 2 ** attempt,
    },
  },
});

const base = new URL(document.baseURI).pathname.replace(/\/$/, "");
const language = preferredLanguage();
const texts = await loadLanguage(language);
listen(queries);

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <LanguageProvider first={language} texts={texts}>
        <ClockProvider>
          <Router base={base}>
            <App />
          </Router>
        </ClockProvider>
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
);
