import type { RequestHandler } from 'express';
import type { Site } from '../site.ts';

/** On every page. No inline scripts or styles exist, so the policy needs no exceptions. */
export function securityHeaders(site: Site): RequestHandler {
  const images = ["'self'", 'data:', ...(site.logoOrigin ? [site.logoOrigin] : [])].join(' ');
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${images}`,
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return (_req, res, next) => {
    res.set({
      'Content-Security-Policy': policy,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
      // Not no-referrer: forms would then say "Origin: null".
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'X-Robots-Tag': 'noindex',
      'Cache-Control': 'private, no-store',
    });
    next();
  };
}
