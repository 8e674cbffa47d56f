@echo off
rem Run once as administrator. Times are in this machine's own time zone: the schedule's is Asia/Jakarta.
schtasks /Create /F /TN "exporter 0800" /SC DAILY /ST 08:00 /TR "\"/usr/local/bin/exporter\" run --config \"/etc/exporter/exporter.toml\" --last 4"
schtasks /Create /F /TN "exporter 1800" /SC DAILY /ST 18:00 /TR "\"/usr/local/bin/exporter\" run --config \"/etc/exporter/exporter.toml\" --last 4"
