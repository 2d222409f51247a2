"""The docker: what is seen and clicked. All of it belongs to Qt's own thread."""
