"""The page `/alerts`."""

from nicegui import app as nicegui_app
from nicegui import ui
from starlette.requests import Request

from touchline.live.alerts.acting import ACTS, take_acts
from touchline.live.alerts.loading import Alerts
from touchline.live.connection.requests import on_request
from touchline.live.desk.login import login_name
from touchline.live.desk.writing import Writing
from touchline.live.elements import BROWSER, PageElement
from touchline.live.explaining.dialog import ExplainRequest, explain_dialog
from touchline.live.feed import FeedState
from touchline.live.rules.trials import TRIAL_DAYS, Trials, take_trials
from touchline.live.site import ALL_ALERTS, Site, watch


class AlertsPage(PageElement, component=BROWSER / "alerts.js"):
    """Open and resolved alerts."""

    def show_alerts(self, state: FeedState[Alerts]) -> None:
        """Show the alerts."""
        self.set_value("alerts", state.value, state.error)


def add(site: Site) -> None:
    """Add the page."""
    workshop = site.settings.alert_workshop
    trials = None if workshop is None else Trials(workshop.run)
    sheets = [] if workshop is None else list(workshop.sheets())
    if trials is not None:
        nicegui_app.on_shutdown(trials.close)

    @ui.page("/alerts", title="Touchline: alerts")
    def page(request: Request) -> None:
        masthead = site.masthead("/alerts")
        alerts = AlertsPage()
        take_acts(site, Writing(site, alerts, login_name(request.headers), ACTS, site.alerts.refresh))
        if (dialog := explain_dialog(site)) is not None:
            alerts.props["explains"] = True
            on_request(alerts, "explain", ExplainRequest, dialog.explain)
        if trials is not None:
            alerts.props["rules"] = sheets
            alerts.props["days"] = list(TRIAL_DAYS)
            take_trials(alerts, trials)
        watch(site.alerts, ALL_ALERTS, masthead.show_state, alerts.show_alerts)
