"""Partners' offers: the page that shows the sums, the checkout, the order's page, and the download."""
