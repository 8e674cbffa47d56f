"""The four exports as a script with Selenium and pandas does them: one browser, one login,
each file downloaded and read into a table. Used by compare.py; prints the rows of each."""

import glob
import os
import sys
import tempfile
import time

import pandas
import pdfplumber
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

EXPORTS = [
    ("transaksi", "/transaksi/index-export", '[name="start_date"]', '[name="end_date"]', "%d/%m/%Y",
     "//button[contains(., 'Export')]"),
    ("point_trx", "/point_transaction", 'input[name="start"]', 'input[name="end"]', "%Y-%m-%d",
     "//*[contains(@class, 'expot-pdf')]"),
    ("user", "/user-front", "#filter-start", "#filter-end", "%Y-%m-%d", "//*[contains(@class, 'expot-pdf')]"),
    ("koin_pay", "/koin_pay", "#filter-start", "#filter-end", "%Y-%m-%d", "//*[contains(@class, 'expot-pdf')]"),
]


def browser(folder):
    options = Options()
    for flag in ["--headless=new", "--disable-gpu", "--window-size=1280,900"]:
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.binary_location = "/usr/bin/chromium"
    options.add_experimental_option("prefs", {
        "download.default_directory": folder,
        "plugins.always_open_pdf_externally": True,
    })
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def downloaded(folder, before):
    def done(_):
        files = set(glob.glob(folder + "/*")) - before
        return next((name for name in files if not name.endswith(".crdownload")), None)
    return WebDriverWait(None, 60, 0.1).until(done)


def table(path):
    if path.endswith(".xlsx"):
        return pandas.read_excel(path)
    rows = []
    with pdfplumber.open(path) as document:
        for page in document.pages:
            for found in page.extract_tables():
                rows.extend(found)
    return pandas.DataFrame(rows[1:], columns=rows[0])


def main(url, email, password, first, last):
    folder = tempfile.mkdtemp()
    driver = browser(folder)
    try:
        driver.get(url + "/login")
        driver.find_element(By.NAME, "email").send_keys(email)
        driver.find_element(By.NAME, "password").send_keys(password)
        driver.find_element(By.CSS_SELECTOR, 'button[type="submit"]').click()
        WebDriverWait(driver, 30).until(lambda it: not it.current_url.endswith("/login"))
        days = [time.strptime(day, "%Y-%m-%d") for day in (first, last)]
        for name, page, start, end, written, trigger in EXPORTS:
            driver.get(url + page)
            for field, day in zip((start, end), days):
                element = driver.find_element(By.CSS_SELECTOR, field)
                driver.execute_script("arguments[0].value = arguments[1]", element, time.strftime(written, day))
            before = set(glob.glob(folder + "/*"))
            driver.find_element(By.XPATH, trigger).click()
            print(name, len(table(downloaded(folder, before))))
    finally:
        driver.quit()


main(*sys.argv[1:])
