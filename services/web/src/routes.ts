import { type Actions, anybody, asPoll, data, forChannel, forCheck, inProject, signedIn } from './http/handlers.ts';
import type { LiveHub } from './live/hub.ts';
import { checkStatus, projectStatus } from './live/stream.tsx';
import { confirmEmail, requestChangeEmail, showChangeEmail, showConfirmEmail } from './ui/accounts/change-email.tsx';
import { close, showClose } from './ui/accounts/close.tsx';
import { logIn, showLogin } from './ui/accounts/login.tsx';
import { logOut } from './ui/accounts/logout.ts';
import { changeProfile, savePassword, saveTheme, showPanel, showProfile } from './ui/accounts/profile.tsx';
import { saveReports } from './ui/accounts/reports.tsx';
import { setUp, showSetup } from './ui/accounts/setup.tsx';
import { showLinkSent, showTakeLink, takeLink } from './ui/accounts/sign-in-link.tsx';
import { showSignup, showSignupToken, signUp } from './ui/accounts/signup.tsx';
import { showUnsubscribeReports, unsubscribeReports } from './ui/accounts/unsubscribe.tsx';
import { addChannel, showAddChannel } from './ui/channels/add.tsx';
import { assign, rename, showAssign } from './ui/channels/assign.tsx';
import { editChannel, showEditChannel } from './ui/channels/edit.tsx';
import { showChannels } from './ui/channels/list.tsx';
import { showPrometheus } from './ui/channels/prometheus.tsx';
import { removeChannel, showRemoveChannel } from './ui/channels/remove.tsx';
import { resendMessage } from './ui/channels/resend.ts';
import { testChannel } from './ui/channels/test-notification.ts';
import { showUnsubscribe, unsubscribe, verify } from './ui/channels/verify.tsx';
import { addCheck, showAddCheck } from './ui/checks/add.tsx';
import { clear, showClear } from './ui/checks/clear.tsx';
import { copy } from './ui/checks/copy.ts';
import { showCheck } from './ui/checks/details.tsx';
import { showExplanation } from './ui/checks/explain.tsx';
import { saveFiltering, showFiltering } from './ui/checks/filtering.tsx';
import { showChecks } from './ui/checks/list.tsx';
import { showLog, showLogEvents } from './ui/checks/log.tsx';
import { saveName, showName } from './ui/checks/name.tsx';
import { pause } from './ui/checks/pause.ts';
import { downloadBody, showLastPing, showPing } from './ui/checks/ping.tsx';
import { pingNow } from './ui/checks/ping-now.ts';
import { preview, schedulePreview, validate } from './ui/checks/preview.tsx';
import { remove, showRemove } from './ui/checks/remove.tsx';
import { resume } from './ui/checks/resume.ts';
import { saveSchedule, showSchedule } from './ui/checks/schedule.tsx';
import { setChannel } from './ui/checks/toggle-channel.ts';
import { showTransfer, transfer } from './ui/checks/transfer.tsx';
import { setUrlStyle } from './ui/checks/urls.ts';
import { openCloaked } from './ui/cloaked.ts';
import { showContact } from './ui/contact.ts';
import { showCronTester } from './ui/docs/cron.tsx';
import { showDoc } from './ui/docs/docs.tsx';
import { searchDocs } from './ui/docs/search.tsx';
import { showInstance } from './ui/instance/status.tsx';
import { addProject, showAddProject } from './ui/projects/add.tsx';
import { previewBadge, showBadges } from './ui/projects/badges.tsx';
import { changeSettings, showRevoke } from './ui/projects/change.tsx';
import { showOverview, showProjectMenu, showStatuses } from './ui/projects/overview.tsx';
import { removeProject, showRemoveProject } from './ui/projects/remove.tsx';
import { showSettings } from './ui/projects/settings.tsx';
import { showBoard } from './ui/tv/board.tsx';

/** Every page and form: address, method, who may. One file an action. */
export function routes(hub: LiveHub): Readonly<Record<string, Actions>> {
  return {
    '/': { get: asPoll(data(signedIn(showStatuses)), signedIn(showOverview)) },
    '/setup/': { get: anybody(showSetup), post: anybody(setUp) },

    '/accounts/login/': { get: anybody(showLogin), post: anybody(logIn) },
    '/admin/login/': { get: anybody(showLogin), post: anybody(logIn) },
    '/accounts/login_link_sent/': { get: anybody(showLinkSent) },
    '/accounts/check_token/:username/:token/': { get: anybody(showTakeLink), post: anybody(takeLink) },
    '/accounts/signup/': { get: anybody(showSignup), post: anybody(signUp) },
    '/accounts/signup/csrf/': { get: anybody(showSignupToken) },
    '/accounts/logout/': { post: anybody(logOut) },
    '/accounts/change_email/': { get: signedIn(showChangeEmail), post: signedIn(requestChangeEmail) },
    '/accounts/change_email/:payload/': { get: anybody(showConfirmEmail), post: anybody(confirmEmail) },
    '/accounts/close/': { get: signedIn(showClose), post: signedIn(close) },
    '/accounts/profile/': { get: signedIn(showProfile), post: signedIn(changeProfile) },
    '/accounts/profile/appearance/': { get: signedIn(showPanel('h-preferences')), post: signedIn(saveTheme) },
    '/accounts/profile/notifications/': { get: signedIn(showPanel('h-reports')), post: signedIn(saveReports) },
    '/accounts/set_password/': { get: signedIn(showPanel('h-password')), post: signedIn(savePassword) },

    '/projects/menu/': { get: data(signedIn(showProjectMenu)) },
    '/projects/add/': { get: signedIn(showAddProject), post: signedIn(addProject) },
    '/projects/:project/checks/': { get: inProject('read', showChecks) },
    '/projects/:project/checks/status/': { get: data(inProject('read', projectStatus(hub))) },
    '/projects/:project/checks/add/': { get: inProject('write', showAddCheck), post: inProject('write', addCheck) },
    '/projects/:project/urls/': { post: inProject('write', setUrlStyle) },
    '/projects/:project/integrations/': { get: inProject('read', showChannels), post: inProject('write', assign) },
    '/projects/:project/badges/': { get: inProject('read', showBadges), post: inProject('read', previewBadge) },
    '/projects/:project/settings/': { get: inProject('read', showSettings), post: inProject('read', changeSettings) },
    '/projects/:project/resend/': { post: inProject('write', resendMessage) },
    '/projects/:project/revoke/': { get: inProject('write', showRevoke) },
    '/projects/:project/remove/': { get: inProject('own', showRemoveProject), post: inProject('own', removeProject) },
    '/projects/:project/add_prometheus/': { get: inProject('read', showPrometheus) },
    '/projects/:project/add_:kind/': { get: inProject('write', showAddChannel), post: inProject('write', addChannel) },

    '/checks/cron_preview/': { post: anybody(preview('cron')) },
    '/checks/oncalendar_preview/': { post: anybody(preview('oncalendar')) },
    '/checks/schedule_preview/': { get: anybody(schedulePreview) },
    '/checks/validate_schedule/': { get: anybody(validate) },
    '/checks/:check/details/': { get: forCheck('read', showCheck) },
    '/checks/:check/status/': { get: data(forCheck('read', checkStatus(hub))) },
    '/checks/:check/log/': { get: forCheck('read', showLog) },
    '/checks/:check/log_events/': { get: data(forCheck('read', showLogEvents)) },
    '/checks/:check/explain/': { get: forCheck('read', showExplanation) },
    '/checks/:check/last_ping/': { get: forCheck('read', showLastPing) },
    '/checks/:check/pings/:n/': { get: forCheck('read', showPing) },
    '/checks/:check/pings/:n/body/': { get: forCheck('read', downloadBody) },
    '/checks/:check/name/': { get: forCheck('write', showName), post: forCheck('write', saveName) },
    '/checks/:check/timeout/': { get: forCheck('write', showSchedule), post: forCheck('write', saveSchedule) },
    '/checks/:check/filtering_rules/': {
      get: forCheck('write', showFiltering),
      post: forCheck('write', saveFiltering),
    },
    '/checks/:check/pause/': { post: forCheck('write', pause) },
    '/checks/:check/resume/': { post: forCheck('write', resume) },
    '/checks/:check/ping/': { post: forCheck('read', pingNow) },
    '/checks/:check/copy/': { post: forCheck('write', copy) },
    '/checks/:check/transfer/': { get: forCheck('write', showTransfer), post: forCheck('write', transfer) },
    '/checks/:check/clear_events/': { get: forCheck('write', showClear), post: forCheck('write', clear) },
    '/checks/:check/remove/': { get: forCheck('write', showRemove), post: forCheck('write', remove) },
    '/checks/:check/channels/:channel/enabled': { post: forCheck('write', setChannel) },

    '/integrations/:channel/checks/': { get: forChannel('write', showAssign) },
    '/integrations/:channel/name/': { post: forChannel('write', rename) },
    '/integrations/:channel/edit/': {
      get: forChannel('write', showEditChannel),
      post: forChannel('write', editChannel),
    },
    '/integrations/:channel/test/': { post: forChannel('read', testChannel) },
    '/integrations/:channel/remove/': {
      get: forChannel('write', showRemoveChannel),
      post: forChannel('write', removeChannel),
    },

    '/contact.vcf': { get: anybody(showContact) },
    '/tv/': { get: anybody(showBoard) },
    '/instance/': { get: signedIn(showInstance) },
    '/cloaked/:key/': { get: signedIn(openCloaked) },
    '/docs/': { get: anybody(showDoc) },
    '/docs/search/': { get: anybody(searchDocs) },
    '/docs/cron/': { get: anybody(showCronTester) },
    '/docs/:slug/': { get: anybody(showDoc) },
  };
}

/** From links in mails: no session and no CSRF token, what is signed in the address is the proof. */
export const mailedRoutes: Readonly<Record<string, Actions>> = {
  '/accounts/unsubscribe_reports/:signed/': { get: anybody(showUnsubscribeReports), post: anybody(unsubscribeReports) },
  '/integrations/:channel/verify/:token/': { get: anybody(verify) },
  '/integrations/:channel/unsub/:signed/': { get: anybody(showUnsubscribe), post: anybody(unsubscribe) },
};
