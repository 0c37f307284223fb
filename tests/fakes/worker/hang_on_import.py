"""Never gets imported."""

import threading

threading.Event().wait()
