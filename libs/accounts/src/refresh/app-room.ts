/**
 * A common table `app_room`: how many grants of each app may be refreshed next. None while a pause lasts (a refusal at the API says nothing of refreshes) or an open breaker
 * waits for its probe (a probe that lies further off than any can be comes of a clock that was turned); then a few, who ask
 * whether it is over, until one of them got an ok. `$1`: of an app that is well.
 */
export const APP_ROOM = `app_room as (
  select app.id, case
    when app.paused_until > db_now() and app.status_source is distinct from 'api' then 0
    when breakers.state = 'open' and breakers.probe_at > db_now() and breakers.probe_at < db_now() + interval '10 minutes' then 0
    when app.status <> 'active' and app.status_source is distinct from 'api' then 1
    when breakers.state <> 'closed' then 5
    else $1::int
  end as room
  from oauth_apps app left join breakers on breakers.oauth_app_id = app.id
)`;
